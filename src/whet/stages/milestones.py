"""What happens after a GRPO step: a checkpoint, a held-out measurement, and the end where somebody asked for it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from whet.build import Task
from whet.config import Config
from whet.eval.evaluate import Evaluation
from whet.runs import layout
from whet.runs.reader import RunReader
from whet.runs.view import View
from whet.runs.writer import RunWriter
from whet.stages.measure import measure
from whet.stages.savings import Savings, is_due
from whet.stages.stop import Stop
from whet.stages.watch import Watch

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


class Milestones:
    """Called after every step. Where checkpoints are kept by steps, the best held-out accuracy so far has one too."""

    def __init__(
        self,
        policy: "LanguageModel",
        savings: Savings,
        task: Task,
        config: Config,
        run: RunWriter,
        view: View,
        watch: Watch,
        stop: Stop,
    ):
        self.policy, self.savings, self.task, self.config = policy, savings, task, config
        self.run, self.view, self.watch, self.stop = run, view, watch, stop
        self.best = best_measured(RunReader(run.path).evaluations())
        """The best held-out accuracy and after how many steps it was measured; of equals, the latest."""
        savings.best = self.best[1]

    def __call__(self, step: int) -> None:
        """Saves first, so that nothing that a measurement runs into costs the step."""
        self.savings.after(step + 1, self.stop)
        self.measure(step + 1)

    def measure(self, done: int) -> None:
        """The measurement after `done` steps, where one is due and not on disk."""
        stage = layout.stage_of(done)
        due = is_due(self.config.eval.every, done) and done < self.config.grpo.steps
        if not due or stage in RunReader(self.run.path).evaluations():
            return
        evaluation = self._measured(done)
        record_evaluation(self.run, stage, evaluation)
        self.watch.measured(evaluation)
        self.best = max(self.best, (evaluation.accuracy, done))
        self.savings.best = self.best[1]
        if self.config.run.save_every and self.best[1] == done:
            self.savings.save(done)
        self.view.phase("GRPO", self.config.grpo.steps, done)

    def _measured(self, done: int) -> Evaluation:
        """Told to stop, it does so at once, with the step before it saved."""
        try:
            with self.stop.patiently(False):
                return measure(self.policy, self.task.exam, self.config, self.view, f"Evaluate, step {done}")
        except KeyboardInterrupt:
            self.savings.save(done)
            raise


def best_measured(evaluations: Mapping[str, Mapping[str, Any]]) -> tuple[float, int]:
    """The best accuracy of a run's measurements between steps, and after how many; (-1, -1) where there is none.

    >>> best_measured({"base": {"accuracy": 0.9}, "step-000005": {"accuracy": 0.2}, "step-000010": {"accuracy": 0.2}})
    (0.2, 10)
    """
    between = ((name, found) for name, found in evaluations.items() if name.startswith("step-"))
    figures = ((found["accuracy"], int(name.removeprefix("step-"))) for name, found in between)
    return max(figures, default=(-1.0, -1))


def record_evaluation(run: RunWriter, stage: str, evaluation: Evaluation) -> None:
    """A measurement to the run folder."""
    run.record_evaluation(stage, [record.as_dict() for record in evaluation.records], evaluation.summary())
