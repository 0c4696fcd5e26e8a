"""The health of a run while it trains: each step goes to the detectors, each finding to the view and the run folder."""

from collections.abc import Iterable, Mapping

from whet.diagnose.health import Finding, Health
from whet.eval.evaluation import Evaluation
from whet.rewards.registry import CORRECTNESS
from whet.runs import layout
from whet.runs.reader import RunReader
from whet.runs.views.view import View
from whet.runs.writer import RunWriter


class HealthMonitor:
    """Feeds a `Health`; each finding goes to the view, and with it to train.log, and to health.jsonl."""

    def __init__(self, run: RunWriter, view: View) -> None:
        self.run, self.view = run, view
        self.health = Health(CORRECTNESS)

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        """After GRPO step `step`."""
        self._tell(self.health.step(step, metrics))

    def measured(self, evaluation: Evaluation) -> None:
        """After a held-out measurement; the first one is what later ones are compared with."""
        self._tell(self.health.measured(evaluation.summary()))

    def begin(self, first: Evaluation, run: RunReader, done: int) -> None:
        """Before the first step; or, where `done` of them were made, in silence what was seen of the run until then."""
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

    def _tell(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.run.record_finding(finding.as_dict())
            self.view.note(str(finding))
