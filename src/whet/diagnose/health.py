"""Health monitoring: runs detectors over the metrics of a run, step by step, and reports each fault once."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from whet.diagnose.detectors import HELD_OUT_DETECTORS, STEP_DETECTORS, Detector
from whet.diagnose.history import History
from whet.diagnose.step_signals import Reading
from whet.text import percent


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault that a detector found in a run, with its fix."""

    step: int
    """The GRPO step after which it was found, from 0."""
    detector: str
    figure: float
    threshold: float
    sentence: str
    fix: str

    def as_dict(self) -> dict[str, Any]:
        """The fields as a dict, a line of health.jsonl."""
        return asdict(self)

    def __str__(self) -> str:
        """The line for terminal and log."""
        return f"health, step {self.step}: {self.sentence} To fix it: {self.fix}"


class Health:
    """Runs all detectors over the metrics; reports each fault once, and again only after it has passed.

    `correctness` names the reward functions that measure whether the answer is right.
    """

    def __init__(self, correctness: Sequence[str] = ()) -> None:
        self.history = History(correctness)
        self._of_steps = [_Watched(detector) for detector in STEP_DETECTORS]
        self._of_measurements = [_Watched(detector) for detector in HELD_OUT_DETECTORS]
        self._step = 0

    def step(self, step: int, metrics: Mapping[str, float | None]) -> list[Finding]:
        """Adds the metrics of a GRPO step, named as in metrics.jsonl, and returns the new findings."""
        self._step = step
        self.history.add(metrics)
        return self._found(self._of_steps)

    def measured(self, summary: Mapping[str, Any]) -> list[Finding]:
        """Adds a held-out evaluation, as from `Evaluation.summary`, and returns the new findings.

        The first one, before any step, is the baseline for later ones.
        """
        self.history.measured(summary)
        return self._found(self._of_measurements)

    def _found(self, watched: Sequence["_Watched"]) -> list[Finding]:
        readings = ((each, each.detector.measure(self.history)) for each in watched)
        return [
            _finding(self._step, each.detector, reading)
            for each, reading in readings
            if reading is not None and each.is_new(reading)
        ]


class _Watched:
    """A detector with its counts of consecutive faulty and healthy readings."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self._at_fault = self._well = 0
        self._reported = False

    def is_new(self, reading: Reading) -> bool:
        """Counts a reading; returns whether it completes a fault that is not yet reported."""
        row = self.detector
        faulty = reading.figure >= row.threshold and not reading.suppressed
        well = reading.figure < row.clear or reading.suppressed
        self._at_fault = self._at_fault + 1 if faulty else 0
        self._well = self._well + 1 if well else 0
        self._reported = self._reported and self._well < row.calm
        begins = self._at_fault >= row.steps and not self._reported
        self._reported = self._reported or begins
        return begins


def _finding(step: int, row: Detector, reading: Reading) -> Finding:
    figure = percent(reading.figure) if row.share else f"{reading.figure:.2g}"
    sentence = row.sentence.format(figure=figure, **reading.words)
    return Finding(step, row.name, reading.figure, row.threshold, sentence, row.fix)
