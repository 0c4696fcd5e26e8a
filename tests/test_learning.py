"""That Algorithm 1 learns what is rewarded, and only that: real sampler, learner and optimizer, a tiny random model.

The task: a prompt shows two digits; the right response opens with the one after the second. Held-out prompts
show first digits that training never does. Accuracy is exact: the probability of the right token, not a count.
"""

from collections.abc import Callable, Sequence
from random import Random
from statistics import fmean
from typing import Any

import pytest
import torch
from scipy import stats

import tiny
from batches import prompt
from whet.compute.optimizer import MasterAdamW
from whet.config import GrpoConfig, OptimizerConfig, SamplingConfig, SftConfig
from whet.grpo import algorithm
from whet.grpo.down_sampling import DownSampling
from whet.grpo.experience import Loaded, OnPolicy
from whet.grpo.few_first import FewFirst
from whet.grpo.group_budget import ByBudget
from whet.policy.language_model import LanguageModel
from whet.policy.reference import NoReference
from whet.protocols import Experience
from whet.rollout.native import NativeSampler
from whet.rollout.rollouts import Rollouts
from whet.sft.examples import Example
from whet.sft.supervised import warm_start
from whet.types import Collected, Graded, Group, Outputs, Prompt, Reward, Rollout, SamplingParams

STEPS = 60
START, NEWLINE, SPACE, ZERO = 1, 4, 5, 6
"""Tokens of the tiny vocabulary: its first 16 end with the ten digits."""

RewardRule = Callable[[Prompt, Rollout], float]


def question(first: int, second: int) -> Prompt:
    tokens = (START, ZERO + first, SPACE, ZERO + second, NEWLINE)
    return prompt(f"{first}{second}", tokens, answer=str((second + 1) % 10))


TRAIN = [question(first, second) for first in range(7) for second in range(10)]
HELD_OUT = [question(first, second) for first in range(7, 10) for second in range(10)]


def untrained(seed: int) -> LanguageModel:
    sizes = {"vocab_size": 16, "hidden_size": 64, "intermediate_size": 128, "head_dim": 16}
    model = tiny.tiny_model(seed=seed, initializer_range=0.1, tie_word_embeddings=False, **sizes)
    return LanguageModel(model, tiny.tiny_tokenizer())


def warmed(seed: int) -> LanguageModel:
    """A few steps of imitation: right about a quarter of the time on held-out prompts, more on the others."""
    policy = untrained(seed)
    examples = [Example(q.tokens, (ZERO + int(q.problem.answer),)) for q in TRAIN]
    optimizer = MasterAdamW(policy.trainable(), OptimizerConfig(learning_rate=3e-3), 15)
    warm_start(policy, optimizer, examples, [], SftConfig(steps=15, batch_size=16), seed, lambda *_: None)
    return policy


@torch.no_grad()
def accuracy(policy: LanguageModel) -> float:
    logits = policy.model(torch.tensor([q.tokens for q in HELD_OUT])).logits[:, -1]
    answers = torch.tensor([ZERO + int(q.problem.answer) for q in HELD_OUT])
    return float(logits.softmax(-1)[torch.arange(len(HELD_OUT)), answers].mean())


class Roles:
    """Problems, grader and run in their plainest form."""

    def __init__(self, rule: RewardRule, seed: int) -> None:
        self.rule, self.seed = rule, seed
        self.rewards: list[float] = []

    def draw(self, count: int, step: int) -> list[Prompt]:
        return Random(f"{self.seed} {step}").sample(TRAIN, count)

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        groups = (
            Group(q, tuple(row), tuple(Reward(self.rule(q, rollout)) for rollout in row))
            for q, row in zip(prompts, outputs, strict=True)
        )
        return Graded(tuple(groups))

    def steps(self, until: int) -> range:
        return range(until)

    def record(self, step: int, collected: Collected, *_: Any) -> None:
        self.rewards.append(fmean(reward.total or 0.0 for group in collected.groups for reward in group.rewards))


def is_right(q: Prompt, rollout: Rollout) -> float:
    return float(rollout.text[:1] == q.problem.answer)


def coin(seed: int) -> RewardRule:
    """Heads or tails, whatever was said."""
    toss = Random(f"coin {seed}")
    return lambda _prompt, _rollout: float(toss.random() < 0.5)


Collects = Callable[[Roles, Rollouts, Rollouts, GrpoConfig], Experience]
"""Makes the experience of roles, the sampler of a step and a second one with random numbers of its own."""


def all_at_once(roles: Roles, sample: Rollouts, further: Rollouts, config: GrpoConfig) -> Experience:
    return OnPolicy(roles, sample, roles, config)


def half_of_them(roles: Roles, sample: Rollouts, further: Rollouts, config: GrpoConfig) -> Experience:
    return DownSampling(OnPolicy(roles, sample, roles, config), config.group_size // 2)


def few_first(roles: Roles, sample: Rollouts, further: Rollouts, config: GrpoConfig) -> Experience:
    return FewFirst(roles, sample, further, roles, config, 2)


def by_budget(roles: Roles, sample: Rollouts, further: Rollouts, config: GrpoConfig) -> Experience:
    return ByBudget(roles, sample, roles, config, lambda step: 1.0)


SPARING = (half_of_them, few_first, by_budget)
"""What samples or learns from less, by rewards."""


def trained(
    policy: LanguageModel,
    rule: RewardRule,
    seed: int,
    rate: float,
    max_tokens: int = 1,
    collects: Collects = all_at_once,
) -> list[float]:
    """GRPO for `STEPS` steps; the mean reward of each."""
    config = GrpoConfig(steps=STEPS, prompts_per_step=8, group_size=8, sampling=SamplingConfig(max_tokens=max_tokens))
    roles, sampler = Roles(rule, seed), NativeSampler()
    sample, further = (
        Rollouts(sampler, policy.tokenizer, SamplingParams(max_tokens=max_tokens), seed, purpose)
        for purpose in ("train", "train/further")
    )
    algorithm.train(
        policy=policy,
        reference=NoReference(),
        experience=Loaded(collects(roles, sample, further, config), sampler, policy),
        optimizer=MasterAdamW(policy.trainable(), OptimizerConfig(learning_rate=rate), STEPS),
        run=roles,
        config=config,
        after_step=lambda _: None,
    )
    return roles.rewards


def rise(rewards: list[float]) -> float:
    """The mean reward of the last ten steps less that of the first ten."""
    return fmean(rewards[-10:]) - fmean(rewards[:10])


def learns(rewards: list[float]) -> bool:
    """The criterion: many more of the responses are right at the end than at the start."""
    return rise(rewards) > 0.15


@pytest.fixture
def flipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every advantage with the wrong sign."""
    right = algorithm.advantages

    def wrong(groups: Any, config: Any) -> list[list[float]]:
        return [[-advantage for advantage in row] for row in right(groups, config)]

    monkeypatch.setattr(algorithm, "advantages", wrong)


@pytest.mark.parametrize(("max_tokens", "seed"), [(1, 0), (3, 1)])
def test_a_random_model_learns_the_task_from_the_reward_alone(seed: int, max_tokens: int) -> None:
    policy = untrained(seed)
    before = accuracy(policy)
    assert learns(trained(policy, is_right, seed, 3e-3, max_tokens))
    assert accuracy(policy) > before + 0.1


@pytest.mark.usefixtures("flipped")
@pytest.mark.parametrize(("max_tokens", "seed"), [(1, 0), (3, 1)])
def test_with_the_sign_flipped_the_same_criterion_fails(seed: int, max_tokens: int) -> None:
    policy = untrained(seed)
    before = accuracy(policy)
    assert not learns(trained(policy, is_right, seed, 3e-3, max_tokens))
    assert accuracy(policy) < before


@pytest.mark.usefixtures("flipped")
def test_with_the_sign_flipped_what_was_known_is_lost() -> None:
    policy = warmed(0)
    rewards = trained(policy, is_right, 0, 1e-3)
    assert fmean(rewards[:3]) > 0.3
    assert fmean(rewards[-10:]) < 0.1


def gains(rule_of: Callable[[int], RewardRule], collects: Collects = all_at_once) -> list[float]:
    """Held-out accuracy after training less before, for five warm-started models, paired."""
    differences = []
    for seed in range(5):
        policy = warmed(seed)
        before = accuracy(policy)
        trained(policy, rule_of(seed), seed, 1e-3, collects=collects)
        differences.append(accuracy(policy) - before)
    return differences


def p_value(differences: list[float]) -> float:
    """Of the paired t-test against "does not rise"."""
    return float(stats.ttest_1samp(differences, 0.0, alternative="greater").pvalue)


def test_a_true_reward_raises_held_out_accuracy() -> None:
    differences = gains(lambda _: is_right)
    assert fmean(differences) > 0.1
    assert p_value(differences) < 0.01


def test_a_coin_flip_does_not() -> None:
    """The same models, steps and test: nothing but the reward tells the runs apart."""
    differences = gains(coin)
    assert fmean(differences) < 0.02
    assert p_value(differences) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("collects", SPARING)
def test_what_spares_samples_learns_from_a_true_reward(collects: Collects) -> None:
    assert p_value(gains(lambda _: is_right, collects)) < 0.02


@pytest.mark.parametrize("collects", [SPARING[0], *(pytest.param(one, marks=pytest.mark.slow) for one in SPARING[1:])])
def test_what_spares_samples_does_not_learn_from_a_coin(collects: Collects) -> None:
    """A choice by rewards must not turn noise into a gain: the coin's are chosen like any others."""
    differences = gains(coin, collects)
    assert fmean(differences) < 0.02
    assert p_value(differences) > 0.1


def test_two_runs_agree_to_the_last_bit() -> None:
    first, second = untrained(0), untrained(0)
    torch.manual_seed(1)
    rewards = trained(first, is_right, 0, 3e-3, max_tokens=3)
    torch.manual_seed(2)
    assert trained(second, is_right, 0, 3e-3, max_tokens=3) == rewards
    for mine, its in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(mine, its)
