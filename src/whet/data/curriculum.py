"""Which problems come first: by their own level, or by how often the policy solved them so far."""

from collections.abc import Mapping, Sequence
from math import ceil

from whet.config import CurriculumConfig
from whet.data.endless import is_endless
from whet.data.keep import needed_level
from whet.data.shuffle import shuffled
from whet.data.stream import Renderer
from whet.errors import UserError
from whet.protocols import Grader, Problems
from whet.types import Graded, Group, Outputs, Problem, Prompt


class ByLevel:
    """Easy ones first: the share of the problems that a step may draw from grows on a line until it is all of them."""

    def __init__(self, problems: Sequence[Problem], renderer: Renderer, config: CurriculumConfig, seed: int) -> None:
        if is_endless(problems):
            raise UserError("grpo.curriculum.by: an endless source cannot be sorted by level; set data.train.limit")
        self.problems, self.renderer, self.config, self.seed = problems, renderer, config, seed
        levels = [needed_level(problem, config.level, "grpo.curriculum.level") for problem in problems]
        self.order = sorted(range(len(problems)), key=levels.__getitem__)

    def draw(self, count: int, step: int) -> list[Prompt]:
        """The `count` prompts of `step`: a function of (seed, step). None comes twice while there are enough."""
        share = self.config.start + (1 - self.config.start) * min(step / self.config.steps, 1.0)
        open_ = min(len(self.order), max(count, ceil(share * len(self.order))))
        key = f"curriculum/{self.seed}/{step}"
        places = (shuffled(place % open_, open_, key) for place in range(count))
        return [self.renderer.render(self.problems[self.order[place]]) for place in places]


class ByPassRate:
    """Those that teach most first: of several candidates, the ones whose success is least certain.

    Over rewards of 0 and 1 a group's expected spread is p(1 − p), largest at p = ½; problems never asked count as such.
    What a step draws depends on what was observed before it.
    """

    def __init__(self, problems: Problems, candidates: int, full_marks: float) -> None:
        self.problems, self.candidates, self.full_marks = problems, candidates, full_marks
        self.seen: dict[str, tuple[float, int]] = {}
        """By problem: the sum of its rewards as shares of full marks, and how many there were."""

    def draw(self, count: int, step: int) -> list[Prompt]:
        """The most promising of `candidates` times as many, in the order they were drawn in."""
        drawn = self.problems.draw(count * self.candidates, step)
        ranked = sorted(range(len(drawn)), key=lambda place: -self.promise(drawn[place].problem.id))
        return [drawn[place] for place in sorted(ranked[:count])]

    def observe(self, groups: Sequence[Group]) -> None:
        """What the policy earned on each problem."""
        for group in groups:
            shares = [min(max((r.total or 0.0) / self.full_marks, 0.0), 1.0) for r in group.rewards]
            total, count = self.seen.get(group.prompt.problem.id, (0.0, 0))
            self.seen[group.prompt.problem.id] = (total + sum(shares), count + len(shares))

    def state_dict(self) -> dict[str, tuple[float, int]]:
        """What was earned so far, for a checkpoint."""
        return dict(self.seen)

    def load_state_dict(self, state: Mapping[str, Sequence[float]]) -> None:
        """Goes on from what `state_dict` gave."""
        self.seen = {problem: (float(total), int(count)) for problem, (total, count) in state.items()}

    def promise(self, problem: str) -> float:
        """p(1 − p), p by Laplace's rule of succession: (successes + 1) / (tries + 2)."""
        total, count = self.seen.get(problem, (0.0, 0))
        p = (total + 1) / (count + 2)
        return p * (1 - p)


class PassRateGrader:
    """Plays `Grader`: grades as another one does, and tells a curriculum what the policy earned."""

    def __init__(self, grader: Grader, curriculum: ByPassRate) -> None:
        self.grader, self.curriculum = grader, curriculum

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        """One complete group per prompt, in order."""
        graded = self.grader.grade(prompts, outputs, step)
        self.curriculum.observe(graded.groups)
        return graded
