"""Group sizes by pass rate, against trying every way of sharing rollouts out."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from batches import prompt, rollout
from whet.config import GrpoConfig
from whet.grpo.group_budget import MOST, ByBudget, group_sizes, worth
from whet.types import Graded, Group, Outputs, Prompt, Reward


@pytest.mark.parametrize("seed", range(10))
def test_no_other_sizes_are_worth_more(seed: int) -> None:
    random = Random(seed)
    rates = [random.choice([0.02, 0.1, 0.3, 0.5, 0.9, random.random()]) for _ in range(4)]
    every = [sizes for sizes in product(range(2, 17, 2), repeat=4) if sum(sizes) == 24]
    best = max(sum(map(worth, rates, sizes)) for sizes in every)
    found = group_sizes(rates, 6)
    assert sum(found) == 24
    assert sum(map(worth, rates, found)) >= best - 1e-12


def test_the_worth_is_the_papers() -> None:
    """p = 1/4, N = 2: they differ in 2 · 1/4 · 3/4 = 3/8 of cases; a gradient is worth 1/4 · (3/4)² = 9/64."""
    assert worth(0.25, 2) == pytest.approx(3 / 8 * 9 / 64)


def test_middling_and_hard_problems_get_more_than_easy_ones() -> None:
    assert group_sizes([0.5, 0.98], 8) == [14, 2]
    hard, easy = group_sizes([0.1, 0.9], 8)
    assert hard > easy
    assert group_sizes([0.5] * 3, 8) == [8, 8, 8]


def test_no_group_is_larger_than_the_limit() -> None:
    assert group_sizes([0.0, 0.0, 1.0, 1.0, 0.0, 0.1], 8)[-1] <= MOST * 8
    assert sum(group_sizes([0.0], 8)) == 8


def always(step: int) -> float:
    """Full marks of every step."""
    return 1.1


class World:
    """Sample `s` of problem `name` is right where `s % 4 < int(name[0])`."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.sizes: list[dict[str, int]] = []

    def draw(self, count: int, step: int) -> list[Prompt]:
        return [prompt(name) for name in self.names]

    def sample(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        """As `Rollouts`: a repeated problem goes on counting its samples. A rollout's token is its sample."""
        counts: Counter[str] = Counter()
        found = []
        for one in prompts:
            begin = counts[one.problem.id]
            counts[one.problem.id] += n
            found.append([rollout([sample]) for sample in range(begin, begin + n)])
        self.sizes.append(dict(counts))
        return found

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        def reward(one: Prompt, sample: int) -> Reward:
            return Reward(1.1 * float(sample % 4 < int(one.problem.id[0])))

        return Graded(
            tuple(
                Group(one, tuple(some), tuple(reward(one, each.tokens[0]) for each in some))
                for one, some in zip(prompts, outputs, strict=True)
            )
        )


def test_a_step_samples_by_what_the_last_one_found() -> None:
    world = World(["0", "1", "4", "4b"])
    config = GrpoConfig(prompts_per_step=4, group_size=8)
    experience = ByBudget(world, world.sample, world, config, always)
    first = experience.collect(0)
    assert world.sizes == [dict.fromkeys(world.names, 8)], "nothing is known yet"
    second = experience.collect(1)
    # by Laplace's rule 1/10, 3/10, 9/10 and 9/10
    assert list(world.sizes[1].values()) == group_sizes([0.1, 0.3, 0.9, 0.9], 8)
    assert sum(world.sizes[1].values()) == 32
    assert world.sizes[1]["0"] > 8 > world.sizes[1]["4"]
    assert [len(group.rollouts) for group in second.groups] == list(world.sizes[1].values())
    for group in (*first.groups, *second.groups):
        samples = [one.tokens[0] for one in group.rollouts]
        assert samples == list(range(len(samples))), "none twice"
    assert second.metrics == {"budget/largest": max(world.sizes[1].values())}


def test_results_survive_a_checkpoint() -> None:
    world, again = World(["1", "3"]), World(["1", "3"])
    config = GrpoConfig(prompts_per_step=2, group_size=4)
    experience = ByBudget(world, world.sample, world, config, always)
    experience.collect(0)
    resumed = ByBudget(again, again.sample, again, config, always)
    resumed.load_state_dict(json.loads(json.dumps(experience.state_dict())))
    assert resumed.state_dict() == experience.state_dict() == {"1": (1.0, 4), "3": (3.0, 4)}
    experience.collect(1)
    resumed.collect(1)
    assert again.sizes == world.sizes[1:]


def test_a_pass_rate_is_of_what_was_sampled() -> None:
    """None of 8 is right, and one of them has made way for a right one of an earlier step: (0 + 1) / (7 + 2)."""

    class Replaying(World):
        def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
            (group,) = super().grade(prompts, outputs, step).groups
            kept = replace(group.rollouts[-1], replayed=True)
            rewards = (*group.rewards[:-1], Reward(1.1))
            return Graded((replace(group, rollouts=(*group.rollouts[:-1], kept), rewards=rewards),))

    world = Replaying(["0"])
    experience = ByBudget(world, world.sample, world, GrpoConfig(prompts_per_step=1, group_size=8), always)
    experience.collect(0)
    assert experience.last == {"0": (0.0, 7)}
    assert experience.pass_rate("0") == pytest.approx(1 / 9)


def test_full_marks_are_those_of_the_step() -> None:
    """A reward of 1.1 is half of what there is in step 0 and all of it in step 1: (4 + 1) / 10, then (8 + 1) / 10."""
    world = World(["4"])
    config = GrpoConfig(prompts_per_step=1, group_size=8)
    experience = ByBudget(world, world.sample, world, config, lambda step: 1.1 if step else 2.2)
    rates = []
    for step in (0, 1):
        experience.collect(step)
        rates.append(experience.pass_rate("4"))
    assert rates == pytest.approx([0.5, 0.9])
