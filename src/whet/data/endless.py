"""Sources that make their problems when they are asked for; most have no end, and hold out problems by a hash."""

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
    """Whether a source, or a mixture with it, cannot be looked at as a whole."""
    return len(problems) >= ENDLESS


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


class EndlessProblems(LazyProblems):
    """One split of a generator. Training and held-out problems are disjoint: a hash decides which side each is on."""

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
