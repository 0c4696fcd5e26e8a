"""Samples the problems of each training step, and the held-out problems.

They are a function of (seed, step), so that a resumed run draws the same ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from whet.data.shuffle import shuffled
from whet.errors import UserError
from whet.types import Problem, Prompt

PATIENCE = 64
"""Draws per problem wanted, before a source is taken to have no more distinct ones."""


class Renderer(Protocol):
    """Renders a problem as a prompt."""

    def render(self, problem: Problem) -> Prompt: ...


@dataclass(frozen=True)
class ProblemStream:
    """The data set D in epochs, each a new permutation of all problems."""

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
    """Selects `count` distinct problems for evaluation, always the same; fewer where there are no more.

    A smaller count is a prefix of a larger one. The seed is not the run's: runs with different seeds are
    evaluated on the same problems, so that they can be compared in pairs.
    """
    size = len(problems)
    found: dict[str, Problem] = {}
    for place in range(min(size, PATIENCE * count)):
        problem = problems[shuffled(place, size, f"held out/{seed}")]
        found.setdefault(problem.id, problem)
        if len(found) == count:
            break
    return list(found.values())
