"""The result of a run: check, evaluations, pace and the finished model; also read back from its folder."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whet.diagnose.report import CheckReport
from whet.errors import UserError
from whet.eval.evaluation import Evaluation
from whet.runs.pace import Pace
from whet.runs.reader import RunReader

BASE, WARM, FINAL = "base", "sft", "final"
"""The stages at which a run is measured: `eval/<stage>.jsonl`."""


@dataclass
class RunResult:
    """What a run came to."""

    path: Path
    report: CheckReport | None = None
    """What the check found; None where a run went on that had it behind it."""
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    """By stage, in the order they were made."""
    pace: Pace | None = None
    """How fast GRPO went; None where there was none."""

    @property
    def reader(self) -> RunReader:
        """Everything that the run left on disk: metrics, rollouts, findings."""
        return RunReader(self.path)

    def model(self) -> Any:
        """The finished model, as `AutoModelForCausalLM` loads it. Raises `UserError` where the run did not end."""
        from transformers import AutoModelForCausalLM

        return AutoModelForCausalLM.from_pretrained(self._final())

    def tokenizer(self) -> Any:
        """Its tokenizer, chat template included. Raises as `model` does."""
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self._final())

    def _final(self) -> Path:
        if final := self.reader.final:
            return final
        raise UserError(f"{self.path}: has no finished model: its training did not end; `whet resume` goes on with it")


def finished(reader: RunReader) -> RunResult:
    """What a finished run came to, from its folder."""
    return RunResult(reader.path, None, evaluations_of(reader), Pace.of(reader.timings()))


def evaluations_of(reader: RunReader) -> dict[str, Evaluation]:
    """The measurements that a run has made, by stage, in the order of the way."""
    made = reader.evaluations()
    stages = [stage for stage in (BASE, WARM, FINAL) if stage in made]
    return {stage: Evaluation(tuple(reader.records(stage).values())) for stage in stages}
