"""Callbacks after a GRPO step: a checkpoint, a held-out evaluation, and the stop where one was requested."""

from collections.abc import Callable, Mapping
from typing import Any

from whet.config import Config
from whet.eval.evaluation import Evaluation
from whet.runs import layout
from whet.runs.reader import RunReader
from whet.runs.views.view import View
from whet.runs.writer import RunWriter
from whet.train_loop.checkpoints import CheckpointSchedule, is_due
from whet.train_loop.health_monitor import HealthMonitor
from whet.train_loop.signals import Stop

Evaluations = Callable[[], Mapping[str, Mapping[str, Any]]]
"""Returns the summaries of a run's evaluations, by stage."""


class StepCallbacks:
    """Saves and evaluates after a step when due; with `run.save_every` keeps the checkpoint of the best accuracy."""

    def __init__(
        self,
        checkpoints: CheckpointSchedule,
        evaluate: Callable[[str], Evaluation],
        config: Config,
        run: RunWriter,
        view: View,
        watch: HealthMonitor,
        stop: Stop,
        evaluations: Evaluations | None = None,
    ):
        """`evaluations` returns those that are on disk: what process 0 sees there, where several share the run."""
        self.checkpoints, self.evaluate, self.config = checkpoints, evaluate, config
        self.run, self.view, self.watch, self.stop = run, view, watch, stop
        self.evaluations = evaluations or RunReader(run.path).evaluations
        self.best = best_measured(self.evaluations())
        """The best held-out accuracy and after how many steps it was measured; of equals, the latest."""
        checkpoints.best = self.best[1]

    def __call__(self, step: int) -> None:
        """Saves and evaluates after step `step`, from 0; saves first, so that a failed evaluation costs no step."""
        self.checkpoints.after(step + 1, self.stop)
        self.measure(step + 1)

    def measure(self, done: int) -> None:
        """Evaluates after `done` steps, if that is due and not on disk yet, and records the result."""
        stage = layout.stage_of(done)
        due = is_due(self.config.eval.every, done) and done < self.config.grpo.steps
        if not due or stage in self.evaluations():
            return
        evaluation = self._measured(done)
        self.checkpoints.jobs.wait()  # after the records of its steps, as everything on disk is in order
        record_evaluation(self.run, stage, evaluation)
        self.watch.measured(evaluation)
        self.best = max(self.best, (evaluation.accuracy, done))
        self.checkpoints.best = self.best[1]
        if self.config.run.save_every and self.best[1] == done:
            self.checkpoints.save(done)
        self.view.phase("GRPO", self.config.grpo.steps, done)

    def _measured(self, done: int) -> Evaluation:
        """Evaluates; a stop signal meanwhile saves the step and ends the run at once."""
        try:
            with self.stop.patiently(False):
                return self.evaluate(f"Evaluate, step {done}")
        except KeyboardInterrupt:
            self.checkpoints.save(done)
            self.checkpoints.jobs.wait()
            raise


def best_measured(evaluations: Mapping[str, Mapping[str, Any]]) -> tuple[float, int]:
    """Returns the best accuracy of a run's evaluations between steps and its step count; (-1, -1) without one.

    >>> best_measured({"base": {"accuracy": 0.9}, "step-000005": {"accuracy": 0.2}, "step-000010": {"accuracy": 0.2}})
    (0.2, 10)
    """
    between = ((name, found) for name, found in evaluations.items() if name.startswith("step-"))
    figures = ((found["accuracy"], int(name.removeprefix("step-"))) for name, found in between)
    return max(figures, default=(-1.0, -1))


def record_evaluation(run: RunWriter, stage: str, evaluation: Evaluation) -> None:
    """Writes an evaluation, records and summary, to the run folder."""
    run.record_evaluation(stage, [record.as_dict() for record in evaluation.records], evaluation.summary())
