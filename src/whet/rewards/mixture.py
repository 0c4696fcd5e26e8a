"""The reward r_i as a weighted sum of reward functions, each of which may fail.

A function that raises, or returns NaN, infinity, text or the wrong number of rewards, neither ends a run nor
silently zeroes a step: the failure is recorded with its sample, and `on_error` decides the reward.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from whet.config import Weight
from whet.errors import UserError
from whet.protocols import RewardFn
from whet.rewards.calls import RewardError, as_reward, as_rewards, attempt_all, one_by_one
from whet.rewards.completions import Sample, columns_of, samples_of
from whet.rewards.constant import ConstantRewards
from whet.rewards.logs import Logs
from whet.rewards.weight_schedule import largest, weight_at
from whet.types import ComparisonTimeout, Failure, Graded, Group, Outputs, Prompt, Reward, Rollout

Policy = Literal["skip", "zero", "fail"]


class Part(NamedTuple):
    """One reward function of a mixture, with its weight and error policy; called like the function."""

    name: str
    function: RewardFn
    weight: Weight = 1.0
    on_error: Policy = "skip"
    """What a failed reward becomes: `None` (skip), 0 (zero), or a `UserError` that ends the run (fail)."""
    max_score: float | None = None
    """The function's maximum; `None` where unknown."""
    external: bool = False
    """Whether calls cost money or time, so that only the policy's completions are graded, never gold solutions."""
    checks_gold: bool = True
    """Whether every gold solution must score `max_score`."""
    form: Literal["text", "messages"] | None = None
    """How completions reach a function of the user's; None for a built-in one."""

    def __call__(self, **columns: Any) -> Any:
        return self.function(**columns)


@runtime_checkable
class ComparesAhead(Protocol):
    """A reward function part of whose work can be done before it is called."""

    def ahead(self, **columns: Any) -> None:
        """Does so for some rows; may be called in any thread."""
        ...


class Mixture:
    """A weighted sum of reward functions; implements `whet.protocols.Grader`.

    Each function is called once for all rollouts of a step, async ones together. Where that call fails, the
    function is called for each rollout alone, so that only those that make it fail lose their reward.
    """

    def __init__(
        self,
        parts: Sequence[Part | tuple[str, RewardFn, float]],
        take_timeouts: Callable[[], Sequence[ComparisonTimeout]] = tuple,
    ) -> None:
        """`take_timeouts` gives the comparisons that ran out of time since it was last called."""
        self.parts = _with_unique_names([Part(*part) for part in parts])
        """The parts; the second one of a name is called `name_2`."""
        self.on_error = {part.name: part.on_error for part in self.parts}
        """By part, what stands for a reward that failed."""
        self.take_timeouts = take_timeouts
        self.constants = ConstantRewards({part.name: part.form for part in self.parts if part.form})
        """Says which of the user's functions gave all responses of a step the same."""

    def full_marks(self, step: int) -> float | None:
        """The maximum total reward at `step`, `None` where unknown. A part with a negative weight is at best 0."""
        total = 0.0
        for part in self.parts:
            if part.max_score is None:
                return None
            total += max(0.0, weight_at(part.weight, step)) * part.max_score
        return total

    def gold_marks(self) -> dict[str, float]:
        """The score required of a gold solution, by part, without those whose weight is never positive (penalties)."""
        checked = (part for part in self.parts if part.checks_gold and largest(part.weight) > 0)
        return {part.name: part.max_score for part in checked if part.max_score is not None}

    def built_in(self) -> "Mixture":
        """The parts that are built in and call nothing outside: what costs neither money nor a user's time."""
        return Mixture([part for part in self.parts if not part.external and part.form is None], self.take_timeouts)

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int = 0) -> Graded:
        """One complete group per prompt, and what functions logged and failed with.

        A total is the sum of the parts that are not `None`, at their weights of this `step`, and `None` where all are.
        `step` also reaches the functions, in `trainer_state`.

        Raises:
            UserError: a part whose policy is `fail` failed, or a function lacks something it needs.
        """
        logs, failures = Logs(), list[Failure]()
        samples = samples_of(prompts, outputs)
        calls = [partial(part.function, **columns_of(samples), **logs.keywords(step, part.name)) for part in self.parts]
        results = attempt_all(calls) if samples else [[] for _ in calls]
        values = [_settle(*pair, samples, step, failures) for pair in zip(self.parts, results, strict=True)]
        weights = [weight_at(part.weight, step) for part in self.parts]
        rows = zip(zip(*values, strict=True), logs.extra_of(len(samples)), strict=True)
        rewards = iter([self._reward(row, weights, extra) for row, extra in rows])
        groups = (
            Group(prompt, tuple(row), tuple(next(rewards) for _ in row))
            for prompt, row in zip(prompts, outputs, strict=True)
        )
        return Graded(tuple(groups), logs.values, failures=tuple(failures), timeouts=tuple(self.take_timeouts()))

    def ahead(self, prompt: Prompt, rollout: Rollout) -> None:
        """Compares the answer of a rollout that will be graded, in any thread; what its reward will be does not change.

        A problem's own verifier is not called: it may not be meant for several threads.
        """
        if prompt.problem.columns.get("verifier") is None:
            columns = columns_of([Sample(prompt, 0, rollout)])
            for part in self.parts:
                if isinstance(part.function, ComparesAhead):
                    part.function.ahead(**columns)

    def _reward(self, values: Sequence[float | None], weights: Sequence[float], extra: Mapping[str, Any]) -> Reward:
        """The parts as they are, and their weighted sum."""
        named = dict(zip([part.name for part in self.parts], values, strict=True))
        weighed = dict(zip(named, weights, strict=True))
        given = [weight * value for weight, value in zip(weights, values, strict=True) if value is not None]
        return Reward(sum(given) if given else None, named, weighed, extra)


def _settle(
    part: Part, result: Any, samples: Sequence[Sample], step: int, failures: list[Failure]
) -> list[float | None]:
    """One value per sample from a call's result; where the call failed, each sample is graded alone.

    Failures are appended to `failures`.
    """
    try:
        entries = as_rewards(result, len(samples))
    except RewardError as error:
        whole = error
    else:
        return [_value(part, *pair, failures) for pair in zip(entries, samples, strict=True)]
    alone = [partial(part.function, **columns_of([one]), **Logs().keywords(step)) for one in samples]
    before = len(failures)
    values = [_value(part, *pair, failures) for pair in zip(one_by_one(alone), samples, strict=True)]
    if len(failures) == before:
        _fail(part, None, f"{whole} over the whole step, but on no single sample", failures)
    return values


def _value(part: Part, entry: Any, sample: Sample, failures: list[Failure]) -> float | None:
    try:
        return as_reward(entry)
    except RewardError as error:
        return _fail(part, sample, str(error), failures)


def _fail(part: Part, sample: Sample | None, what: str, failures: list[Failure]) -> float | None:
    """Records a failure and returns the value that replaces the reward."""
    problem, index = (sample.prompt.problem.id, sample.number) if sample else (None, None)
    failures.append(Failure(part.name, problem, index, what))
    if part.on_error == "fail":
        raise UserError(f"reward {part.name!r} {what}, on sample {index} of problem {problem!r} (on_error: fail)")
    return _FAILED_VALUE[part.on_error]


_FAILED_VALUE: dict[Policy, float | None] = {"skip": None, "zero": 0.0}


def _with_unique_names(parts: Sequence[Part]) -> list[Part]:
    seen: Counter[str] = Counter()
    apart = []
    for part in parts:
        seen[part.name] += 1
        apart.append(part if seen[part.name] == 1 else part._replace(name=f"{part.name}_{seen[part.name]}"))
    return apart
