"""The checkpoint schedule: by steps, by minutes, and on a stop request."""

import time
from collections.abc import Callable
from pathlib import Path

from whet.compute.checkpoint import prune, step_folder
from whet.config.recipe import RunConfig
from whet.train_loop.signals import Interrupted, Stop
from whet.train_loop.training_state import TrainingState

MINUTE = 60.0


class CheckpointSchedule:
    """Saves the checkpoints of one stage as `parent/step-N`, after N steps of `total`."""

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
        """The step whose checkpoint is never pruned; -1 for none."""
        self._saved_at = clock()

    def after(self, done: int, stop: Stop) -> None:
        """Saves after `done` steps if that is due. Raises `Interrupted`, saved, where a stop was requested."""
        if stop.asked or self._is_due(done):
            self.save(done)
        if stop.asked:
            raise Interrupted(f"stopped after step {done} of {self.total}, which is saved")

    def save(self, done: int) -> None:
        """Writes the checkpoint after `done` steps unless it exists, and prunes older ones."""
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
    """Returns whether an action with period `every` is due after `done` steps; never for period 0.

    >>> is_due(5, 10), is_due(5, 11), is_due(0, 10), is_due(5, 0)
    (True, False, False, False)
    """
    return 0 < every <= done and done % every == 0
