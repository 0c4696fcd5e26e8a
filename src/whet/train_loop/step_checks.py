"""The role `Run`, ended where a step's figures say so: the step is recorded first, then looked at."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from whet.protocols import Run
from whet.types import Group


class Guarded(ABC):
    """What is told goes to `run`; whoever inherits says in `check` what ends it."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def steps(self, until: int) -> Iterable[int]:
        """Those of the run."""
        return self.run.steps(until)

    def record(
        self,
        step: int,
        groups: Sequence[Group],
        advantages: Sequence[Sequence[float]],
        metrics: Mapping[str, float],
    ) -> None:
        """Raises as `check` does, after the step is on disk."""
        self.run.record(step, groups, advantages, metrics)
        self.check(step, metrics)

    @abstractmethod
    def check(self, step: int, metrics: Mapping[str, float]) -> None:
        """Raises `UserError` where the run must not go on."""
