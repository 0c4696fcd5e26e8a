"""The processes of a run that has one."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from torch import Tensor

Result = TypeVar("Result")


class Alone:
    """Plays `Processes` for a run of one: whatever is shared is done here, and nothing is waited for."""

    rank, count = 0, 1

    def gathered(self, work: Callable[[], Result]) -> list[Result]:
        """Does `work`."""
        return [work()]

    def together(self, work: Callable[[], Result]) -> list[Result]:
        """Does `work`."""
        return [work()]

    def first(self, work: Callable[[], Result]) -> Result:
        """Does `work`."""
        return work()

    def any(self, flag: bool) -> bool:
        """Returns `flag`."""
        return flag

    def named_failure(self, work: Callable[[], Result]) -> Result:
        """Does `work`."""
        return work()

    def add_gradients(self, weights: Sequence[Tensor]) -> None:
        """Does nothing: the sum is there."""

    def be_patient(self, patience: timedelta) -> None:
        """Does nothing: there is nobody to wait for."""

    def before_each(self, check: Callable[[], None]) -> None:
        """Does nothing: an interrupt is raised where it comes."""

    def close(self) -> None:
        """Does nothing."""

    def end_by(self, error: BaseException) -> None:
        """Does nothing: nobody waits for it."""
