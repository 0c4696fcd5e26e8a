"""When a stage is saved: every so many steps, after so many minutes, and when the run is told to stop."""

import time
from collections.abc import Callable
from pathlib import Path

from whet.compute.checkpoint import prune, step_folder
from whet.config.recipe import RunConfig
from whet.train_loop.signals import Interrupted, Stop
from whet.train_loop.training_state import TrainingState

MINUTE = 60.0


class CheckpointSchedule:
    """The checkpoints of one stage in one folder, `parent/step-N` after N steps of `total`."""

    def __init__(
        self,
        state: TrainingState,
        parent: Path,
        total: int,
        config: RunConfig,
        every: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state, self.parent, self.total = state, parent, total
        self.config, self.every, self.clock = config, every, clock
        self.best = -1
        """The step whose checkpoint stays, however old."""
        self._saved_at = clock()

    def after(self, done: int, stop: Stop) -> None:
        """What is due after `done` steps. Raises `Interrupted` where somebody asked the run to stop."""
        if stop.asked or self._is_due(done):
            self.save(done)
        if stop.asked:
            raise Interrupted(f"stopped after step {done} of {self.total}, which is saved")

    def save(self, done: int) -> None:
        """A checkpoint, unless there is one; older ones go."""
        folder = step_folder(self.parent, done)
        if not folder.exists():
            self.state.save(folder, done)
        best = step_folder(self.parent, self.best)
        prune(self.parent, self.config.keep, [best] if best.exists() else [])
        self._saved_at = self.clock()

    def _is_due(self, done: int) -> bool:
        waited = self.clock() - self._saved_at >= MINUTE * self.config.save_minutes
        last = self.every > 0 and done == self.total
        return is_due(self.every, done) or last or (self.config.save_minutes > 0 and waited)


def is_due(every: int, done: int) -> bool:
    """Whether something that happens every so many steps is due; never for 0 steps, nor before the first.

    >>> is_due(5, 10), is_due(5, 11), is_due(0, 10), is_due(5, 0)
    (True, False, False, False)
    """
    return 0 < every <= done and done % every == 0
