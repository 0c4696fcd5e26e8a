"""Curricula: problems ordered by level, or selected by the pass rate observed so far."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Protocol

from whet.config import CurriculumConfig
from whet.data.endless import is_endless
from whet.data.keep import needed_level
from whet.data.shuffle import shuffled
from whet.data.stream import Renderer
from whet.errors import UserError
from whet.grpo.pass_rate import FullMarks, expected_rate, shares
from whet.protocols import Grader, Problems
from whet.types import Graded, Group, Outputs, Problem, Prompt


class ByLevel:
    """Easy problems first: each step draws from a share of the problems, sorted by level, that grows linearly to 1."""

    def __init__(self, problems: Sequence[Problem], renderer: Renderer, config: CurriculumConfig, seed: int) -> None:
        if is_endless(problems):
            raise UserError("grpo.curriculum.by: an endless source cannot be sorted by level; set data.train.limit")
        self.problems, self.renderer, self.config, self.seed = problems, renderer, config, seed
        levels = [needed_level(problem, config.level, "grpo.curriculum.level") for problem in problems]
        self.order = sorted(range(len(problems)), key=levels.__getitem__)

    def draw(self, count: int, step: int) -> list[Prompt]:
        """The `count` prompts of `step`, a function of (seed, step), without repeats while there are enough."""
        share = self.config.start + (1 - self.config.start) * min(step / self.config.steps, 1.0)
        available = min(len(self.order), max(count, ceil(share * len(self.order))))
        key = f"curriculum/{self.seed}/{step}"
        places = (shuffled(place % available, available, key) for place in range(count))
        return [self.renderer.render(self.problems[self.order[place]]) for place in places]


class ByPassRate:
    """Draws several candidates per prompt and keeps those with the most uncertain success.

    With rewards of 0 and 1 the expected variance of a group is p(1 − p), largest at p = ½, where unseen problems start.
    What a step draws depends on the rewards observed before it.
    """

    def __init__(self, problems: Problems, candidates: int, full_marks: FullMarks) -> None:
        self.problems, self.candidates, self.full_marks = problems, candidates, full_marks
        self.seen: dict[str, tuple[float, int]] = {}
        """By problem id: the sum of its rewards, as shares of the full marks of their steps, and their count."""

    def draw(self, count: int, step: int) -> list[Prompt]:
        """The `count` most promising of `count * candidates` prompts, in the order they were drawn."""
        drawn = self.problems.draw(count * self.candidates, step)
        ranked = sorted(range(len(drawn)), key=lambda place: -self.promise(drawn[place].problem.id))
        return [drawn[place] for place in sorted(ranked[:count])]

    def observe(self, groups: Sequence[Group], step: int) -> None:
        """Adds the rewards of a step's groups to the counts of their problems."""
        full_marks = self.full_marks(step)
        for group in groups:
            found = shares(group, full_marks)
            total, count = self.seen.get(group.prompt.problem.id, (0.0, 0))
            self.seen[group.prompt.problem.id] = (total + sum(found), count + len(found))

    def state_dict(self) -> dict[str, tuple[float, int]]:
        """The counts so far, for a checkpoint."""
        return dict(self.seen)

    def load_state_dict(self, state: Mapping[str, Sequence[float]]) -> None:
        """Restores the counts that `state_dict` returned."""
        self.seen = {problem: (float(total), int(count)) for problem, (total, count) in state.items()}

    def promise(self, problem: str) -> float:
        """p(1 − p) of a problem id, p the rate to expect by what was observed; ¼ for a new problem."""
        p = expected_rate(*self.seen.get(problem, (0.0, 0)))
        return p * (1 - p)


class Observer(Protocol):
    """What chooses problems by the rewards of earlier ones."""

    def observe(self, groups: Sequence[Group], step: int) -> None:
        """Takes note of the rewards of groups of a step."""
        ...


class PassRateGrader:
    """A `Grader` that delegates to another one, and reports the rewards to a curriculum."""

    def __init__(self, grader: Grader, curriculum: Observer) -> None:
        self.grader, self.curriculum = grader, curriculum

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        """One complete group per prompt, in order."""
        graded = self.grader.grade(prompts, outputs, step)
        self.curriculum.observe(graded.groups, step)
        return graded
