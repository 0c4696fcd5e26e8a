"""Dynamic sampling with problems whose groups say beforehand whether they have a signal."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from batches import prompt, rollout
from whet.config import GrpoConfig
from whet.grpo.dynamic_sampling import DynamicSampling
from whet.grpo.experience import Loaded, OnPolicy
from whet.types import Collected, Graded, Group, Outputs, Prompt, Reward


class World:
    """Problems `0`, `1`, … in order; those in `alive` have a signal. It writes down what was sampled."""

    def __init__(self, alive: set[int], ids: Sequence[int] = range(100)) -> None:
        self.alive, self.ids = alive, ids
        self.sampled: list[list[str]] = []
        self.drawn: list[tuple[int, int]] = []
        self.engine: list[str] = []

    def load(self, policy: Any) -> None:
        self.engine.append("load")

    def release(self) -> None:
        self.engine.append("release")

    def draw(self, count: int, step: int) -> list[Prompt]:
        self.drawn.append((count, step))
        return [prompt(str(self.ids[place])) for place in range(count)]

    def sample(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        assert step == 7
        self.sampled.append([one.problem.id for one in prompts])
        return [[rollout([8]) for _ in range(n)] for _ in prompts]

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        """Every round logs the ids it was asked."""
        assert step == 7
        groups = tuple(self._group(one, some) for one, some in zip(prompts, outputs, strict=True))
        return Graded(groups, {"id": [float(one.problem.id) for one in prompts]})

    def _group(self, one: Prompt, some: Sequence[Any]) -> Group:
        first = 1.0 if int(one.problem.id) in self.alive else 0.0
        return Group(one, tuple(some), (Reward(first), *(Reward(0.0) for _ in some[1:])))


def step(world: World, rounds: int, count: int = 4) -> tuple[list[str], Collected]:
    """The ids of the groups that a step ends with, and all that it collected."""
    config = GrpoConfig(prompts_per_step=count, group_size=3)
    on_policy = OnPolicy(world, world.sample, world, config)
    collected = Loaded(DynamicSampling(on_policy, rounds), world, world).collect(7)  # type: ignore[arg-type]
    assert all(len(group.rollouts) == 3 for group in collected.groups)
    assert world.engine == ["load", "release"], "however many rounds"
    return [group.prompt.problem.id for group in collected.groups], collected


def test_where_every_group_has_a_signal_nothing_more_is_asked() -> None:
    world = World({0, 1, 2, 3})
    assert step(world, 4)[0] == ["0", "1", "2", "3"]
    assert world.sampled == [["0", "1", "2", "3"]]
    assert world.drawn == [(16, 7)]


def test_other_problems_come_in_place_of_those_without_a_signal() -> None:
    """One of four is missing: 1 / (3/4) rounds up to 2 more, 4 and 5; 5 gives it."""
    world = World({0, 2, 3, 5})
    found, collected = step(world, 4)
    assert found == ["0", "2", "3", "5"]
    assert [group.prompt.problem.id for group in collected.dropped] == ["1", "4"]
    assert world.sampled == [["0", "1", "2", "3"], ["4", "5"]]
    assert collected.metrics == pytest.approx(
        {
            "dynamic/groups": 6,
            "dynamic/signal_ratio": 4 / 6,
            "dynamic/waste_ratio": 2 / 6,
            "dynamic/reward": 4 / 18,
        }
    )


def test_rounds_go_on_until_there_are_enough() -> None:
    """None of 0–3: 4 / ¼ = 16 hoped for, 12 in reserve of 4 rounds; of these 9 alone has a signal."""
    world = World({9})
    found, _ = step(world, 4)
    assert found == ["9", "0", "1", "2"]
    assert world.sampled == [["0", "1", "2", "3"], [str(n) for n in range(4, 16)]]


def test_it_stops_after_its_rounds() -> None:
    """Half of them each time: 2 / ½ = 4 more give 1; 1 / (3/8) = 3 more would, but there are two rounds only."""
    world = World({0, 2, 4})
    found, _ = step(world, 2)
    assert world.sampled == [["0", "1", "2", "3"], ["4", "5", "6", "7"]]
    assert found == ["0", "2", "4", "1"]


def test_more_than_wanted_is_not_learned_from() -> None:
    world = World({0, 4, 5, 6, 7, 8, 9})
    found, collected = step(world, 8)
    assert found == ["0", "4", "5", "6"]
    assert collected.metrics["dynamic/waste_ratio"] > 0


def test_no_problem_is_asked_twice_in_a_step() -> None:
    """The same problem at the same step would give the same responses again."""
    world = World({3}, ids=[0, 1, 0, 1, 0, 1, 1, 0, 3, 3, 0, 1])
    found, _ = step(world, 3)
    assert world.sampled == [["0", "1", "0", "1"], ["3"]]
    assert found == ["3", "0", "1", "0"]


def test_one_round_is_no_dynamic_sampling() -> None:
    world = World(set())
    assert step(world, 1)[0] == ["0", "1", "2", "3"]
    assert world.drawn == [(4, 7)]
    assert len(world.sampled) == 1


def test_a_share_of_living_problems_is_hoped_for_again_and_again() -> None:
    """Three rounds of two: none of 0, 1 → 2 / ¼ = 8 hoped for, 4 in reserve; there is no fourth round to ask in."""
    world = World({5})
    found, collected = step(world, 3, count=2)
    assert found == ["5", "0"]
    assert world.sampled == [["0", "1"], ["2", "3", "4", "5"]]
    assert collected.metrics["dynamic/groups"] == 6


def test_rounds_are_counted() -> None:
    """Half of each round lives, one by one: 4 → 2 missing → 4 more, of which 1 → 1 missing → 3 more; then it ends."""
    world = World({0, 1, 4})
    asked: list[int] = []
    world.grade = lambda prompts, outputs, step: (
        asked.append(len(prompts)) or World.grade(world, prompts, outputs, step)
    )  # type: ignore[method-assign, func-returns-value]
    step(world, 2)
    assert len(asked) == 2, "the first round and one more"


def test_rewards_that_do_not_apply_cost_nothing_to_tell() -> None:
    world = World(set())
    world._group = lambda one, some: Group(one, tuple(some), tuple(Reward(None) for _ in some))  # type: ignore[method-assign]
    _, collected = step(world, 2)
    assert collected.metrics["dynamic/reward"] == 0.0
    assert collected.metrics["dynamic/signal_ratio"] == 0.0


def test_what_rewards_logged_is_averaged_over_all_rounds() -> None:
    """0 to 3, then 4 and 5: the mean is 15 / 6; that of the last round alone would be 4.5."""
    world = World({0, 2, 3, 5})
    _, collected = step(world, 4)
    assert world.sampled == [["0", "1", "2", "3"], ["4", "5"]]
    assert collected.logged == {"id": 2.5}


def test_tokens_count_what_is_not_learned_from() -> None:
    """Six groups of three responses of one token; four of them are kept."""
    _, collected = step(World({0, 2, 3, 5}), 4)
    assert (len(collected.groups), collected.tokens) == (4, 18)


def test_the_figures_of_a_grader_are_kept_beside_its_own() -> None:
    world = World({0, 1, 2, 3})
    world.grade = lambda *asked: replace(World.grade(world, *asked), metrics={"replay/rollouts": 2.0})  # type: ignore[method-assign]
    _, collected = step(world, 4)
    assert collected.metrics["replay/rollouts"] == 2.0
    assert collected.metrics["dynamic/groups"] == 4


def test_an_error_of_a_later_round_frees_the_engine() -> None:
    world = World(set())

    def grade(prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        if len(world.sampled) == 2:
            raise ValueError("the second round")
        return World.grade(world, prompts, outputs, step)

    world.grade = grade  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="the second round"):
        step(world, 4)
    assert world.engine == ["load", "release"]
