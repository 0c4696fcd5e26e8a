"""The rest of a group is sampled only where its first rollouts differ."""

from collections.abc import Sequence
from itertools import product

import pytest
import torch

from batches import prompt, rollout
from whet.batch import collate
from whet.config import GrpoConfig
from whet.grpo.advantage import advantages
from whet.grpo.few_first import FewFirst
from whet.types import Graded, Group, Outputs, Prompt, Reward, Rollout

RIGHT = 11


class World:
    """Each problem's id says which of its samples are right, such as `1000`; the token tells right from wrong."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.asked: list[tuple[list[str], int]] = []

    def draw(self, count: int, step: int) -> list[Prompt]:
        return [prompt(name) for name in ("1000", "1111", "0000", "0100", "0011")[:count]]

    def sample(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        return self._sampled(prompts, range(n))

    def further(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        return self._sampled(prompts, range(self.first, self.first + n))

    def _sampled(self, prompts: Sequence[Prompt], samples: range) -> list[list[Rollout]]:
        self.asked.append(([one.problem.id for one in prompts], len(samples)))
        return [[rollout([10 + int(one.problem.id[sample])] * 2) for sample in samples] for one in prompts]

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        def group(one: Prompt, some: Sequence[Rollout]) -> Group:
            return Group(one, tuple(some), tuple(Reward(float(each.tokens[0] == RIGHT)) for each in some))

        return Graded(
            tuple(group(one, some) for one, some in zip(prompts, outputs, strict=True)),
            {"rounds": [1.0] * len(prompts)},
        )


def collected(first: int, count: int = 5) -> tuple[World, FewFirst]:
    world = World(first)
    config = GrpoConfig(prompts_per_step=count, group_size=4)
    return world, FewFirst(world, world.sample, world.further, world, config, first)


def test_only_groups_that_differ_go_on() -> None:
    world, experience = collected(2)
    found = experience.collect(7)
    names = ["1000", "1111", "0000", "0100", "0011"]
    assert world.asked == [(names, 2), (["1000", "0100"], 2)]
    assert [group.prompt.problem.id for group in found.groups] == names, "in their order"
    rewards = [[reward.total for reward in group.rewards] for group in found.groups]
    assert rewards == [[1, 0, 0, 0], [1, 1], [0, 0], [0, 1, 0, 0], [0, 0]]
    assert found.tokens == 2 * (5 * 2 + 2 * 2), "all that was sampled"
    assert found.logged == {"rounds": 1.0}


def test_where_none_differ_nothing_more_is_sampled() -> None:
    world, experience = collected(2)
    experience.ask(world.draw(3, 0)[1:], 0)
    assert world.asked == [(["1111", "0000"], 2)]


def test_groups_of_different_sizes_are_one_batch() -> None:
    groups = collected(2)[1].collect(7).groups
    config = GrpoConfig(group_size=4).objective
    batch = collate(groups, advantages(groups, config))
    assert batch.group_B.tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4]
    of_groups = [batch.advantage_B[batch.group_B == index] for index in range(5)]
    assert [bool(some.any()) for some in of_groups] == [True, False, False, True, False]


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_the_expected_gradient_of_a_prompt_has_the_direction_of_the_pass_rate(p: float) -> None:
    """A policy over three answers, of which the first two are right: all outcomes, weighed by their probability.

    Independent of the code: GRPO's advantage over a group of four that goes on only where its first two differ.
    """
    logits = torch.tensor([0.3, -0.2, 0.0]).requires_grad_()
    with torch.no_grad():  # p is the probability of the first two
        logits[2] += torch.log(logits[:2].exp().sum() * (1 - p) / p)
    policy = logits.softmax(0)
    assert float(policy[:2].sum().detach()) == pytest.approx(p)
    (rises,) = torch.autograd.grad(policy[:2].sum(), logits, retain_graph=True)
    expected = torch.zeros(3)
    for answers in product(range(3), repeat=4):
        right = torch.tensor([float(answer < 2) for answer in answers])
        size = 4 if right[0] != right[1] else 2
        advantage = (right[:size] - right[:size].mean()) / (right[:size].std() + 1e-4)
        chance = float(policy[list(answers)].prod().detach())
        logprob = (advantage * policy[list(answers[:size])].log()).sum()
        (gradient,) = torch.autograd.grad(logprob, logits, retain_graph=True)
        expected += chance * gradient
    assert float(torch.cosine_similarity(expected, rises, dim=0)) == pytest.approx(1.0, abs=1e-5)
