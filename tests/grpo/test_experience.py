"""The first lines of Algorithm 1, with roles that write down what they were asked, and when."""

from collections.abc import Sequence
from typing import Any

import pytest

from batches import prompt, rollout
from whet.config import GrpoConfig
from whet.grpo.experience import Loaded, OnPolicy, loaded
from whet.types import ComparisonTimeout, Graded, Group, Outputs, Prompt, Reward

LATE = ComparisonTimeout("x", "y", "took longer than 5 s and was stopped")


class World:
    """Plays every role; rewards rollout 0, and logs a value for each prompt."""

    def __init__(self, fails_in: str = "") -> None:
        self.journal: list[Any] = []
        self.fails_in = fails_in

    def _do(self, what: str, *details: Any) -> None:
        self.journal.append((what, *details))
        if what == self.fails_in:
            raise ValueError(what)

    def draw(self, count: int, step: int) -> list[Prompt]:
        self._do("draw", count, step)
        return [prompt(str(index)) for index in range(count)]

    def load(self, policy: Any) -> None:
        self._do("load", policy)

    def release(self) -> None:
        self._do("release")

    def sample(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        self._do("sample", [one.problem.id for one in prompts], n, step)
        return [[rollout([8, 2]) for _ in range(n)] for _ in prompts]

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        self._do("grade", [len(some) for some in outputs], step)
        rewards = (Reward(1.0), Reward(0.0), Reward(0.0))
        groups = tuple(Group(q, tuple(some), rewards) for q, some in zip(prompts, outputs, strict=True))
        return Graded(groups, {"x": [1.0, 4.0]}, {"replay/rollouts": 1.0}, timeouts=(LATE,))


def on_policy(world: World) -> OnPolicy:
    return OnPolicy(world, world.sample, world, GrpoConfig(prompts_per_step=2, group_size=3))


def experience(world: World) -> Loaded:
    return Loaded(on_policy(world), world, "policy")  # type: ignore[arg-type]


def test_a_step_loads_draws_samples_grades_and_frees_the_engine() -> None:
    world = World()
    experience(world).collect(5)
    assert world.journal == [
        ("load", "policy"),
        ("draw", 2, 5),
        ("sample", ["0", "1"], 3, 5),
        ("grade", [3, 3], 5),
        ("release",),
    ]


def test_everything_that_was_graded_is_collected() -> None:
    collected = experience(World()).collect(5)
    assert [group.prompt.problem.id for group in collected.groups] == ["0", "1"]
    assert collected.logged == {"x": 2.5}
    assert collected.metrics == {"replay/rollouts": 1.0}
    assert collected.tokens == 2 * 3 * 2


def test_further_prompts_are_asked_of_the_engine_as_it_is() -> None:
    world = World()
    graded = on_policy(world).ask([prompt("9")], 4)
    assert world.journal == [("sample", ["9"], 3, 4), ("grade", [3], 4)]
    assert [group.prompt.problem.id for group in graded.groups] == ["9"]
    assert (graded.tokens, graded.timeouts) == (3 * 2, (LATE,))
    assert graded.logged == {"x": [1.0, 4.0]}


def test_tokens_are_those_sampled_whatever_the_grader_puts_in() -> None:
    """A grader that replaces rollouts by longer ones, as replay does, samples no more."""
    world = World()

    def grade(prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        longer = [[*some[:-1], rollout([8, 9, 10, 11, 2])] for some in outputs]
        return World.grade(world, prompts, longer, step)

    world.grade = grade  # type: ignore[method-assign]
    collected = experience(world).collect(5)
    assert sum(len(one.tokens) for group in collected.groups for one in group.rollouts) == 2 * (2 + 2 + 5)
    assert collected.tokens == 2 * 3 * 2


def test_whatever_is_collected_goes_through_a_loaded_engine() -> None:
    """Any experience, not only that of the policy."""
    world, found = World(), object()

    class Inner:
        def collect(self, step: int) -> object:
            world.journal.append(("collect", step))
            return found

    assert Loaded(Inner(), world, "policy").collect(3) is found  # type: ignore[arg-type, comparison-overlap]
    assert world.journal == [("load", "policy"), ("collect", 3), ("release",)]


@pytest.mark.parametrize("fails_in", ["load", "draw", "sample", "grade"])
def test_whatever_fails_the_engine_is_freed(fails_in: str) -> None:
    world = World(fails_in)
    with pytest.raises(ValueError, match=fails_in):
        experience(world).collect(0)
    assert world.journal[-1] == ("release",)
    assert world.journal.count(("release",)) == 1


def test_what_was_loaded_in_part_is_released_and_not_used() -> None:
    world = World("load")
    with pytest.raises(ValueError, match="load"):
        experience(world).collect(0)
    assert world.journal == [("load", "policy"), ("release",)]


def test_inside_it_is_loaded_and_after_it_released() -> None:
    world = World()
    with loaded(world, "policy"):  # type: ignore[arg-type]
        assert world.journal == [("load", "policy")]
    assert world.journal == [("load", "policy"), ("release",)]
