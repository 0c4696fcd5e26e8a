"""Which problems a step asks.

They are a function of (seed, step), so that a resumed run asks what it would have asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from whet.data.shuffle import shuffled
from whet.errors import UserError
from whet.types import Problem, Prompt

PATIENCE = 64
"""Draws per problem wanted, before a small endless source is taken to have no more."""


class Renderer(Protocol):
    """Words a problem for the policy."""

    def render(self, problem: Problem) -> Prompt: ...


@dataclass(frozen=True)
class ProblemStream:
    """D: epoch after epoch, each in an order of its own, each problem once an epoch."""

    problems: Sequence[Problem]
    renderer: Renderer
    seed: int = 0

    def __post_init__(self) -> None:
        if not len(self.problems):
            raise UserError("data.train: has no problems")

    def draw(self, count: int, step: int) -> list[Prompt]:
        """The `count` prompts of `step`; the last of an epoch and the first of the next may share a step."""
        places = range(step * count, (step + 1) * count)
        return [self.renderer.render(self.problems[self._index(place)]) for place in places]

    def _index(self, place: int) -> int:
        size = len(self.problems)
        epoch, within = divmod(place, size)
        return shuffled(within, size, f"problems/{self.seed}/{epoch}")


def held_out(problems: Sequence[Problem], count: int, seed: int = 0) -> list[Problem]:
    """`count` different problems to measure on, always the same; fewer where there are no more.

    A smaller count is the beginning of a larger one. The seed is not the run's: runs that differ in their
    seed are measured on the same problems, so that they can be compared in pairs.
    """
    size = len(problems)
    found: dict[str, Problem] = {}
    for place in range(min(size, PATIENCE * count)):
        problem = problems[shuffled(place, size, f"held out/{seed}")]
        found.setdefault(problem.id, problem)
        if len(found) == count:
            break
    return list(found.values())
