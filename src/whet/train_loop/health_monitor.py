"""Monitors a run's health: passes each step's metrics to the detectors and reports their findings."""

from collections.abc import Iterable, Mapping

from whet.diagnose.health import Finding, Health
from whet.eval.evaluation import Evaluation
from whet.rewards.registry import CORRECTNESS
from whet.runs import layout
from whet.runs.reader import RunReader
from whet.runs.views.view import View
from whet.runs.writer import RunWriter


class HealthMonitor:
    """Runs the health detectors; findings go to the view (and so train.log) and to health.jsonl."""

    def __init__(self, run: RunWriter, view: View) -> None:
        self.run, self.view = run, view
        self.health = Health(CORRECTNESS)

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        """Checks the metrics of GRPO step `step`."""
        self._report(self.health.step(step, metrics))

    def measured(self, evaluation: Evaluation) -> None:
        """Checks a held-out evaluation; the first one is the baseline of later ones."""
        self._report(self.health.measured(evaluation.summary()))

    def begin(self, first: Evaluation, run: RunReader, done: int) -> None:
        """Starts from the baseline `first`; replays the `done` steps of a resumed run without reporting findings."""
        if not done:
            self.measured(first)
            return
        self.health.measured(first.summary())
        measured = run.evaluations()
        for line in run.metrics():
            if line["step"] < done:
                self.health.step(line["step"], line)
                between = measured.get(layout.stage_of(line["step"] + 1))
                self.health.measured(between) if between else None

    def _report(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.run.record_finding(finding.as_dict())
            self.view.note(str(finding))
