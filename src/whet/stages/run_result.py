"""What a run came to: while it goes, and read back from its folder."""

from dataclasses import dataclass, field
from pathlib import Path

from whet.diagnose.report import CheckReport
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


def finished(reader: RunReader) -> RunResult:
    """What a finished run came to, from its folder."""
    return RunResult(reader.path, None, evaluations_of(reader), Pace.of(reader.timings()))


def evaluations_of(reader: RunReader) -> dict[str, Evaluation]:
    """The measurements that a run has made, by stage, in the order of the way."""
    made = reader.evaluations()
    stages = [stage for stage in (BASE, WARM, FINAL) if stage in made]
    return {stage: Evaluation(tuple(reader.records(stage).values())) for stage in stages}
