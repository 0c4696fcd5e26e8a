"""Problems that are made when they are asked for."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import overload

from whet.types import Problem


class LazyProblems(Sequence[Problem]):
    """A sequence made of its length and `_at`; places from the end, slices and `IndexError` are those of a list.

    Problem `i` is a function of `i` alone, so that any of them can be asked for at any time.
    """

    @abstractmethod
    def _at(self, place: int) -> Problem:
        """The problem at a place from 0 to under the length."""

    @overload
    def __getitem__(self, index: int) -> Problem: ...
    @overload
    def __getitem__(self, index: slice) -> list[Problem]: ...
    def __getitem__(self, index: int | slice) -> Problem | list[Problem]:
        places = range(len(self))[index]
        return self._at(places) if isinstance(places, int) else [self._at(place) for place in places]
