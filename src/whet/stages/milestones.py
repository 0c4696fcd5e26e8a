"""What happens after a step: a checkpoint, a held-out measurement, and the end where somebody asked for it."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from whet.build import Task
from whet.config import Config
from whet.eval.evaluate import Evaluation
from whet.policy.checkpoint import prune, step_folder
from whet.runs import layout
from whet.runs.reader import RunReader
from whet.runs.view import View
from whet.runs.writer import RunWriter
from whet.stages.measure import measure
from whet.stages.stop import Interrupted, Stop
from whet.stages.training_state import TrainingState
from whet.stages.watch import Watch

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

MINUTE = 60.0


class Milestones:
    """Called after every step. Where checkpoints are kept by steps, the best held-out accuracy so far has one too."""

    def __init__(
        self,
        policy: "LanguageModel",
        state: TrainingState,
        task: Task,
        config: Config,
        run: RunWriter,
        view: View,
        watch: Watch,
        stop: Stop,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.policy, self.state, self.task, self.config = policy, state, task, config
        self.run, self.view, self.watch, self.stop, self.clock = run, view, watch, stop, clock
        self.best = best_measured(RunReader(run.path).evaluations())
        """The best held-out accuracy and after how many steps it was measured; of equals, the latest."""
        self._saved_at = clock()

    def __call__(self, step: int) -> None:
        """Saves first, so that nothing that a measurement runs into costs the step."""
        done = step + 1
        if self.stop.asked or self._is_due(done):
            self.save(done)
        if self.stop.asked:
            raise Interrupted(f"stopped after step {done} of {self.config.grpo.steps}, which is saved")
        self.measure(done)

    def measure(self, done: int) -> None:
        """The measurement after `done` steps, where one is due and not on disk."""
        stage = layout.stage_of(done)
        due = every(self.config.eval.every, done) and done < self.config.grpo.steps
        if not due or stage in RunReader(self.run.path).evaluations():
            return
        try:
            with self.stop.patiently(False):
                evaluation = measure(self.policy, self.task.exam, self.config, self.view, f"Evaluate, step {done}")
        except KeyboardInterrupt:
            self.save(done)
            raise
        record_evaluation(self.run, stage, evaluation)
        self.watch.measured(evaluation)
        self.best = max(self.best, (evaluation.accuracy, done))
        if self.config.run.save_every and self.best[1] == done:
            self.save(done)
        self.view.phase("GRPO", self.config.grpo.steps, done)

    def save(self, done: int) -> None:
        """A checkpoint after `done` steps, unless there is one; older ones go."""
        folder = step_folder(self.run.checkpoints, done)
        if not folder.exists():
            self.state.save(folder, done)
        best = step_folder(self.run.checkpoints, self.best[1])
        prune(self.run.checkpoints, self.config.run.keep, [best] if best.exists() else [])
        self._saved_at = self.clock()

    def _is_due(self, done: int) -> bool:
        wanted = self.config.run
        waited = self.clock() - self._saved_at >= MINUTE * wanted.save_minutes
        last = wanted.save_every > 0 and done == self.config.grpo.steps
        return every(wanted.save_every, done) or last or (wanted.save_minutes > 0 and waited)


def every(steps: int, done: int) -> bool:
    """Whether something that happens every so many steps is due; never, for 0 steps.

    >>> every(5, 10), every(5, 11), every(0, 10)
    (True, False, False)
    """
    return steps > 0 and done % steps == 0


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
