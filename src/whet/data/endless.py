"""Lazy data sources: problems are generated on access, most without end, and held out by a hash."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import overload

from whet.data.shuffle import stable_hash
from whet.types import Problem

ENDLESS = 1 << 40
"""The length of an endless source: more problems than any run draws."""

HELD_OUT = 8
"""One problem in this many of an endless source is held out."""


def is_endless(problems: Sequence[Problem]) -> bool:
    """Whether a source, or a mixture with one, is endless, so that it cannot be iterated to the end."""
    return len(problems) >= ENDLESS


class LazyProblems(Sequence[Problem]):
    """A sequence defined by its length and `_at`; negative indices, slices and `IndexError` are those of a list.

    Problem `i` is a function of `i` alone: access is random, in any order.
    """

    @abstractmethod
    def _at(self, place: int) -> Problem:
        """The problem at an index from 0 to the length − 1."""

    @overload
    def __getitem__(self, index: int) -> Problem: ...
    @overload
    def __getitem__(self, index: slice) -> list[Problem]: ...
    def __getitem__(self, index: int | slice) -> Problem | list[Problem]:
        places = range(len(self))[index]
        return self._at(places) if isinstance(places, int) else [self._at(place) for place in places]


class EndlessProblems(LazyProblems):
    """One split of a generator; a hash assigns each question to `train` or `test`, so the two are disjoint."""

    split: str
    """`train` or `test`."""

    def __len__(self) -> int:
        return ENDLESS

    def _is_mine(self, question: str) -> bool:
        """Whether a question belongs to this split."""
        return (stable_hash(question) % HELD_OUT == 0) == (self.split == "test")

    def disjoint_from(self, other: Sequence[Problem]) -> bool:
        """Whether no question of `other` can be one of these, by construction."""
        return type(other) is type(self) and isinstance(other, EndlessProblems) and other.split != self.split
