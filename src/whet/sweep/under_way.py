"""A trial under way: what was proposed, and its process, which may have to be started more than once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from whet.sweep import run_trial
from whet.sweep.run_trial import Ended, Running
from whet.sweep.study import Proposal
from whet.sweep.trial_folder import Trial
from whet.sweep.trial_places import Place

HERE = Place()


@dataclass
class UnderWay:
    """A trial that has a place among those that run at once."""

    trial: Trial
    proposal: Proposal
    place: Place = HERE
    running: Running | None = None
    """Its process; None before it is started, and where it has to be started once more."""

    def start(self, sweep: Path, recipe: Path, begun: bool) -> None:
        """Starts its process: from the beginning, or where it has `begun`, from where it stopped."""
        if begun:
            self.running = run_trial.resume(self.trial.path, self.place)
        else:
            self.running = run_trial.train(sweep, self.trial.path, recipe, self.trial.values, self.place)

    def ended(self) -> Ended | None:
        """Returns how its process ended, once; None while it runs, and where none does."""
        ended = self.running.poll() if self.running else None
        if ended:
            self.running = None
        return ended


@contextmanager
def none_left_behind(live: Sequence[UnderWay]) -> Iterator[None]:
    """Stops the trials under way where the block is left by an error or Ctrl-C: all at once, then waits for them."""
    try:
        yield
    except BaseException:
        running = [one.running for one in live if one.running]
        for process in running:
            process.interrupt()
        for process in running:
            process.wait()
        raise
