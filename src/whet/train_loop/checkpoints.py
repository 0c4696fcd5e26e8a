"""The checkpoint schedule: by steps, by minutes, and on a stop request."""

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from whet.compute.checkpoint import prune, step_folder
from whet.config.recipe import RunConfig
from whet.train_loop.background import AtOnce, Jobs
from whet.train_loop.signals import Interrupted, Stop
from whet.train_loop.training_state import TrainingState, Write

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
        jobs: Jobs | None = None,
    ) -> None:
        """Checkpoints are written by `jobs`; by default at once."""
        self.jobs = jobs or AtOnce()
        self._copied = threading.Event()
        self._copied.set()
        self.state, self.parent, self.total = state, parent, total
        self.config, self.every, self.clock = config, every, clock
        self.best = -1
        """The step whose checkpoint is never pruned; -1 for none."""
        self._saved_at = clock()

    def after(self, done: int, stop: Stop) -> None:
        """Saves after `done` steps if that is due. Raises `Interrupted`, saved, where a stop was requested."""
        asked = stop.is_asked()
        if asked or self._is_due(done):
            self.save(done)
        if asked:
            self.jobs.wait()
            raise Interrupted(f"stopped after step {done} of {self.total}, which is saved")

    def save(self, done: int) -> None:
        """Has the checkpoint after `done` steps written unless it exists, and older ones pruned."""
        self.until_copied()
        self._copied.clear()
        write, best = self.state.taken(done), step_folder(self.parent, self.best)
        if not self.jobs.submit(partial(self._write, write, step_folder(self.parent, done), best)):
            self._copied.set()
        self._saved_at = self.clock()

    def until_copied(self) -> None:
        """Returns when no checkpoint reads the training's tensors any more, so that they may change.

        Raises what writing them raised.
        """
        while not self._copied.wait(1.0):
            self.jobs.check()  # after a failed job this one never comes

    def _write(self, write: Write, folder: Path, best: Path) -> None:
        """Writes a checkpoint, then removes older ones, for which all bytes of those that stay are read again."""
        try:
            if not folder.exists():
                write(folder, self._copied.set)
        finally:
            self._copied.set()
        prune(self.parent, self.config.keep, [best] if best.exists() else [])

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
