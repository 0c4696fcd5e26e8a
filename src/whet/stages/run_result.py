"""The result of a run: check, evaluations, pace and the finished model; also read back from its folder."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whet.diagnose.report import CheckReport
from whet.eval.evaluation import Evaluation
from whet.runs.address import Address
from whet.runs.pace import Pace
from whet.runs.reader import RunReader

BASE, WARM, FINAL = "base", "sft", "final"
"""The stages at which a run is measured: `eval/<stage>.jsonl`."""


@dataclass
class RunResult:
    """Check, evaluations and pace of a run, with access to its folder and finished model."""

    path: Path
    report: CheckReport | None = None
    """The check's report; None for a run resumed after its check."""
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    """By stage, in the order they were made."""
    pace: Pace | None = None
    """The speed of GRPO; None where no step was made."""

    @property
    def reader(self) -> RunReader:
        """A reader of the run folder: metrics, rollouts, findings."""
        return RunReader(self.path)

    def model(self, step: int | None = None) -> Any:
        """Loads the finished model with `AutoModelForCausalLM`, or that of the checkpoint after `step` steps.

        Raises `UserError` where there is none.
        """
        from transformers import AutoModelForCausalLM

        return AutoModelForCausalLM.from_pretrained(self._folder(step))

    def tokenizer(self) -> Any:
        """Loads the finished model's tokenizer, chat template included. Raises as `model` does."""
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self._folder(None))

    def _folder(self, step: int | None) -> str:
        from whet.stages.run_model import model_of

        return model_of(Address(self.path, "" if step is None else f"step-{step}"))


def finished(reader: RunReader) -> RunResult:
    """Reads the result of a finished run from its folder."""
    return RunResult(reader.path, None, evaluations_of(reader), Pace.of(reader.timings()))


def evaluations_of(reader: RunReader) -> dict[str, Evaluation]:
    """Returns the evaluations in a run folder by stage: base, warm start, final."""
    made = reader.evaluations()
    stages = [stage for stage in (BASE, WARM, FINAL) if stage in made]
    return {stage: Evaluation(tuple(reader.records(stage).values())) for stage in stages}
