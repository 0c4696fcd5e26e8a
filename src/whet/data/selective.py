"""Skips problems that gave no signal when they were last asked (GRESO, arXiv:2506.02177, §4).

A group whose rewards are all equal teaches nothing, and a problem whose group was such is likely to give such a group
again. A problem that was silent `z` times in a row is asked with probability p^z. p is adjusted after each step, for
problems that all responses solved and for others apart, so that the share of silent groups stays near a target.

Every problem keeps a chance to be asked; those with a signal are asked more often than an epoch would, so the mean over
problems that GRPO ascends is weighted towards them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from whet.data.shuffle import stable_hash
from whet.grpo.pass_rate import FullMarks
from whet.protocols import Problems
from whet.types import Group, Prompt

Kind = Literal["easy", "hard"]
"""A silent group of full marks, or any other."""

TARGET: Mapping[Kind, float] = {"easy": 1 / 12, "hard": 1 / 6}
"""Shares of silent groups that p is adjusted to, a quarter in all (§5.1)."""

START, CHANGE, LEAST = 0.5, 0.01, 0.05
"""p at first, its change after a step, and its lower limit."""

_LIMIT = 2**64


class Selective:
    """Plays `Problems`: draws from `candidates` times as many problems, and skips those that were silent."""

    def __init__(self, problems: Problems, candidates: int, full_marks: FullMarks, seed: int) -> None:
        self.problems, self.candidates, self.full_marks, self.seed = problems, candidates, full_marks, seed
        self.silent: dict[str, tuple[Kind, int]] = {}
        """By problem id: how its last groups were silent, and how many in a row were."""
        self.asked: dict[str, tuple[float, float]] = {}
        """By problem id: the least and the largest reward of its rollouts in the step in hand."""
        self.step = 0
        """The step in hand."""
        self.chance: dict[Kind, float] = {"easy": START, "hard": START}
        """p, by how groups are silent."""

    def draw(self, count: int, step: int) -> list[Prompt]:
        """The first `count` of the candidates that are not skipped; where too few are left, the first skipped ones."""
        self._close()
        drawn = self.problems.draw(count * self.candidates, step)
        taken = [place for place, prompt in enumerate(drawn) if self._taken(prompt.problem.id, step, place)]
        skipped = [place for place in range(len(drawn)) if place not in set(taken)]
        return [drawn[place] for place in sorted([*taken, *skipped][:count])]

    def observe(self, groups: Sequence[Group], step: int) -> None:
        """Notes the rewards of groups; those of a problem in one step are one group, however often it is called."""
        self.step = step
        for group in groups:
            totals = [reward.total for reward in group.rewards if reward.total is not None]
            if totals:
                before = self.asked.get(group.prompt.problem.id, (totals[0], totals[0]))
                self.asked[group.prompt.problem.id] = min(*before, *totals), max(*before, *totals)

    def state_dict(self) -> dict[str, Any]:
        """The counts so far, for a checkpoint."""
        counts = {"silent": dict(self.silent), "asked": dict(self.asked), "chance": dict(self.chance)}
        return {**counts, "step": self.step}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores the counts that `state_dict` returned; rewards whose step is not told are those of step 0."""
        self.silent = {problem: (kind, int(times)) for problem, (kind, times) in state["silent"].items()}
        self.asked = {problem: (float(low), float(high)) for problem, (low, high) in state["asked"].items()}
        self.chance, self.step = dict(state["chance"]), int(state.get("step", 0))

    def probability(self, problem: str) -> float:
        """The probability that a problem is not skipped."""
        kind, times = self.silent.get(problem, ("hard", 0))
        return self.chance[kind] ** times

    def _taken(self, problem: str, step: int, place: int) -> bool:
        return stable_hash(f"selective/{self.seed}/{step}/{place}/{problem}") / _LIMIT < self.probability(problem)

    def _close(self) -> None:
        """Ends the step in hand: counts its silent groups and adjusts p."""
        kinds = [self._close_one(problem, *rewards) for problem, rewards in self.asked.items()]
        for kind, target in TARGET.items() if kinds else ():
            change = CHANGE if kinds.count(kind) / len(kinds) < target else -CHANGE
            self.chance[kind] = min(max(self.chance[kind] + change, LEAST), 1.0)
        self.asked = {}

    def _close_one(self, problem: str, low: float, high: float) -> Kind | None:
        _, times = self.silent.pop(problem, ("hard", 0))
        if low != high:
            return None
        kind: Kind = "easy" if low >= self.full_marks(self.step) else "hard"
        self.silent[problem] = kind, times + 1
        return kind
