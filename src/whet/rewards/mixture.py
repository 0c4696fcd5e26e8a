"""r_i: the weighted sum of reward functions, whatever they do.

A function that raises, or returns NaN, infinity, text or the wrong number of rewards, neither ends a run nor
silently zeroes a step: the failure is recorded with the sample that caused it, and its policy decides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any, Literal, NamedTuple

from whet.errors import UserError
from whet.protocols import RewardFn
from whet.rewards.calls import BadReward, as_reward, as_rewards, attempt_all
from whet.rewards.completions import columns_of
from whet.types import Group, Outputs, Prompt, Reward

Policy = Literal["skip", "zero", "fail"]
Values = list[float | None]


class Part(NamedTuple):
    """One reward function of a mixture."""

    name: str
    function: RewardFn
    weight: float = 1.0
    on_error: Policy = "skip"
    """What stands for a reward that failed: nothing, 0, or the end of the run."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A reward function that failed on a sample."""

    reward: str
    problem: str | None
    """The problem's id; `None` where the function failed over the step but on no sample of it alone."""
    sample: int | None
    """Which of the problem's rollouts, from 0."""
    what: str


@dataclass(frozen=True, slots=True)
class TrainerState:
    """What functions written for TRL may ask of their trainer."""

    global_step: int


class Mixture:
    """A weighted sum of reward functions; plays `whet.protocols.Grader`.

    Each function is called once for all rollouts of a step. Where that call fails, it is called once more for
    each rollout alone, so that only the rollouts that make it fail lose their reward.
    """

    def __init__(self, parts: Sequence[Part | tuple[str, RewardFn, float]]) -> None:
        rows = [Part(*part) for part in parts]
        seen: Counter[str] = Counter()
        self.parts: list[Part] = []
        """The parts; a second one of the same name is called `name_2`."""
        for part in rows:
            seen[part.name] += 1
            number = seen[part.name]
            self.parts.append(part._replace(name=f"{part.name}_{number}") if number > 1 else part)
        self.failures: list[Failure] = []
        """What failed in the last call of `grade`."""
        self.failure_counts: Counter[str] = Counter()
        """Failures by reward since the beginning."""
        self.metrics: dict[str, float] = {}
        """What functions logged through `log_metric` in the last call of `grade`: the mean by name."""
        self.extra: dict[str, list[Any]] = {}
        """What functions logged through `log_extra` in the last call of `grade`: a list by column."""

    @property
    def full_marks(self) -> float | None:
        """The most that a response can get, which every gold solution must; `None` where a part has no known
        full mark. A part with a negative weight is a penalty, at best 0."""
        marks = [(part.weight, getattr(part.function, "full_mark", None)) for part in self.parts]
        known = [weight * mark for weight, mark in marks if mark is not None and weight > 0]
        return sum(known) if all(mark is not None for _, mark in marks) else None

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int = 0) -> list[Group]:
        """One complete group per prompt. A total is the weighted sum of what is not `None`; all `None` is `None`.

        `step` is told to functions that ask for `trainer_state.global_step`.

        Raises:
            UserError: a part whose policy is `fail` failed, or a function lacks something it needs.
        """
        self.failures, self.metrics, self.extra = [], {}, {}
        samples = [(prompt, index) for prompt, row in zip(prompts, outputs, strict=True) for index in range(len(row))]
        columns = self._values(prompts, outputs, step, samples) if samples else {}
        rewards = iter([self._reward(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)])
        return [
            Group(prompt, tuple(row), tuple(next(rewards) for _ in row))
            for prompt, row in zip(prompts, outputs, strict=True)
        ]
