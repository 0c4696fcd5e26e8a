"""μ passes over a batch with a policy so small that its gradient is known by hand."""

import math
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from batches import ragged_batch
from whet.batch import Batch
from whet.compute.optimizer import MasterAdamW
from whet.config import GrpoConfig, ObjectiveConfig, OptimizerConfig, SamplingConfig
from whet.config.objectives import ROWS
from whet.grpo.update import update

VOCABULARY = 6


class Unigram:
    """π_θ(o_t) = softmax(θ)[o_t], whatever came before: ∂ log π(v) / ∂θ = onehot(v) − softmax(θ)."""

    def __init__(self, seed: int = 0) -> None:
        start = torch.randn(VOCABULARY, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        self.theta = torch.nn.Parameter(start)
        self.asked: list[Batch] = []

    def logprobs(self, batch: Batch) -> Tensor:
        self.asked.append(batch)
        return torch.where(batch.mask_BT, self.theta.log_softmax(-1)[batch.tokens_BT % VOCABULARY], 0.0)

    def logprobs_and_entropies(self, batch: Batch) -> tuple[Tensor, Tensor]:
        log_p = self.theta.log_softmax(-1)
        return self.logprobs(batch), torch.where(batch.mask_BT, -(log_p.exp() * log_p).sum(), 0.0)


class Descent(MasterAdamW):
    """θ ← θ − η ∇L in place of AdamW, and a record of every gradient."""

    def __init__(self, policy: Unigram, rate: float, micro_batch_tokens: int = 10_000) -> None:
        self.policy, self.rate, self.micro_batch_tokens, self.inside = policy, rate, micro_batch_tokens, nullcontext
        self.stage = "grpo"
        self.gradients: list[Tensor] = []
        self.indices: list[int] = []

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def zero_grad(self) -> None:
        self.policy.theta.grad = None

    @torch.no_grad()
    def step(self, index: int) -> Mapping[str, float]:
        gradient = self.policy.theta.grad
        self.policy.theta.grad = None
        self.indices.append(index)
        self.gradients.append(torch.zeros(VOCABULARY).double() if gradient is None else gradient)
        self.policy.theta -= self.rate * self.gradients[-1]
        return {"grad_norm": float(self.gradients[-1].norm()), "learning_rate": self.rate}


def a_batch(reference: bool = False) -> Batch:
    lengths = [[3, 7, 1], [5, 5], [2, 9, 4, 1]]
    return ragged_batch([4, 2, 6], lengths, dtype=torch.float64, reference=reference)


def a_config(**objective: Any) -> GrpoConfig:
    return GrpoConfig(sampling=SamplingConfig(max_tokens=20), objective=ObjectiveConfig(**objective))


def expected_gradient(theta: Tensor, batch: Batch, config: ObjectiveConfig) -> Tensor:
    """∇L of eq. 3 by loops: Σ_t ∂L/∂log π_t · (onehot(o_t) − softmax(θ))."""
    p = theta.softmax(-1)
    total = torch.zeros(VOCABULARY, dtype=torch.float64)
    lengths = batch.loss_mask_BT.sum(-1).tolist()
    weights = {
        "sequence_mean": lambda i: 1 / (len(lengths) * lengths[i]),
        "token_mean": lambda i: 1 / sum(lengths),
        "constant_length": lambda i: 1 / (len(lengths) * 20),
    }
    for i, t in batch.loss_mask_BT.nonzero().tolist():
        token = int(batch.tokens_BT[i, t]) % VOCABULARY
        ratio = math.exp(p[token].log().item() - batch.old_logprobs_BT[i, t].item())
        advantage = batch.advantage_B[i].item()
        clipped = ratio > 1 + config.clip_high if advantage > 0 else ratio < 1 - config.clip_low
        slope = 0.0 if clipped else ratio * advantage
        if batch.reference_logprobs_BT is not None:
            slope -= config.beta * (1 - math.exp(batch.reference_logprobs_BT[i, t].item() - p[token].log().item()))
        onehot = torch.nn.functional.one_hot(torch.tensor(token), VOCABULARY)
        total -= weights[config.aggregation](i) * slope * (onehot - p)
    return total


@pytest.mark.parametrize("aggregation", ["sequence_mean", "token_mean", "constant_length"])
@pytest.mark.parametrize("reference", [False, True])
def test_the_step_is_the_gradient_of_equation_3(aggregation: Any, reference: bool) -> None:
    config = a_config(aggregation=aggregation, beta=0.3 if reference else 0.0)
    batch, policy = a_batch(reference), Unigram()
    expected = expected_gradient(policy.theta.detach(), batch, config.objective)
    optimizer = Descent(policy, 0.1)
    update(policy, optimizer, batch, 3, config)
    torch.testing.assert_close(optimizer.gradients[0], expected, rtol=1e-7, atol=1e-12)
    assert optimizer.indices == [3]


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("micro_batch_tokens", [1, 13, 16, 20, 30, 36, 10_000])
def test_micro_batches_change_neither_gradient_nor_metrics(micro_batch_tokens: int, reference: bool) -> None:
    beta = 0.3 if reference else 0.0
    results = []
    for tokens in (10_000, micro_batch_tokens):
        policy = Unigram()
        optimizer = Descent(policy, 0.1, tokens)
        metrics = update(policy, optimizer, a_batch(reference), 0, a_config(iterations=2, beta=beta)).metrics
        results.append((metrics, policy.theta.detach()))
    assert results[1][0] == pytest.approx(results[0][0], rel=1e-6)
    torch.testing.assert_close(results[1][1], results[0][1], rtol=1e-12, atol=1e-14)


def test_groups_stay_whole_where_they_fit() -> None:
    """Costs are 4 + 11, 2 + 10 and 6 + 16 tokens; at 1 each of the nine rows is a part."""
    seen = {}
    for tokens in (1, 26, 27, 34, 49):
        policy = Unigram()
        update(policy, Descent(policy, 0.1, tokens), a_batch(), 0, a_config())
        seen[tokens] = [len(batch.prompts) for batch in policy.asked]
    assert seen == {1: [1] * 9, 26: [1, 1, 1], 27: [2, 1], 34: [2, 1], 49: [3]}


def test_groups_without_an_advantage_skip_the_learner_and_still_count() -> None:
    batch = a_batch()
    batch = replace(batch, advantage_B=torch.where(batch.group_B == 1, 0.0, batch.advantage_B))
    policy = Unigram()
    expected = expected_gradient(policy.theta.detach(), batch, ObjectiveConfig())
    optimizer = Descent(policy, 0.1)
    update(policy, optimizer, batch, 0, a_config())
    torch.testing.assert_close(optimizer.gradients[0], expected, rtol=1e-7, atol=1e-12)
    assert [len(asked) for asked in policy.asked] == [7]


def test_with_a_kl_term_every_group_is_learned_from() -> None:
    batch = replace(a_batch(reference=True), advantage_B=torch.zeros(9, dtype=torch.float64))
    policy = Unigram()
    expected = expected_gradient(policy.theta.detach(), batch, ObjectiveConfig(beta=0.3))
    optimizer = Descent(policy, 0.1)
    update(policy, optimizer, batch, 0, a_config(beta=0.3))
    torch.testing.assert_close(optimizer.gradients[0], expected, rtol=1e-7, atol=1e-12)
    assert optimizer.gradients[0].norm() > 0.01


def test_each_iteration_is_an_optimizer_step_and_the_second_sees_a_moved_policy() -> None:
    batch, policy = a_batch(), Unigram()
    logprobs_BT = policy.logprobs(batch).detach()
    batch = replace(batch, old_logprobs_BT=logprobs_BT)  # on-policy: every ratio of the first pass is 1
    config = a_config(iterations=2)
    start = policy.theta.detach().clone()
    optimizer = Descent(policy, 2.0)
    update(policy, optimizer, batch, 7, config)
    assert optimizer.indices == [7, 7]
    first = expected_gradient(start, batch, config.objective)
    second = expected_gradient(start - 2.0 * first, batch, config.objective)
    torch.testing.assert_close(optimizer.gradients, [first, second], rtol=1e-7, atol=1e-12)
    moved_BT = (start - 2.0 * first).log_softmax(-1)[batch.tokens_BT % VOCABULARY] - logprobs_BT
    assert moved_BT[batch.mask_BT].abs().max() > 0.05
    # with the ratio held at 1 the second gradient would have been another one
    onpolicy = replace(batch, old_logprobs_BT=logprobs_BT + moved_BT)
    assert not torch.allclose(second, expected_gradient(start - 2.0 * first, onpolicy, config.objective), rtol=1e-3)


def test_metrics_by_loops() -> None:
    """Means over tokens and over passes; the difference from the sampler is that of the first pass."""
    batch, policy = a_batch(reference=True), Unigram()
    config = a_config(iterations=2, beta=0.1)
    optimizer = Descent(policy, 1.0)
    thetas = [policy.theta.detach().clone()]
    metrics = update(policy, optimizer, batch, 0, config).metrics
    thetas.append(thetas[0] - optimizer.gradients[0])
    kl, low, high, differences, tokens = 0.0, 0, 0, [], int(batch.mask_BT.sum())
    assert batch.reference_logprobs_BT is not None
    for number, theta in enumerate(thetas):
        for i, t in batch.mask_BT.nonzero().tolist():
            new = theta.log_softmax(-1)[int(batch.tokens_BT[i, t]) % VOCABULARY].item()
            old, reference = batch.old_logprobs_BT[i, t].item(), batch.reference_logprobs_BT[i, t].item()
            kl += math.exp(reference - new) - 1 - (reference - new)
            low += batch.advantage_B[i].item() < 0 and math.exp(new - old) < 0.8
            high += batch.advantage_B[i].item() > 0 and math.exp(new - old) > 1.2
            differences += [abs(new - old)] if number == 0 else []
    assert metrics["kl"] == pytest.approx(kl / tokens / 2, rel=1e-5)
    assert metrics["clip_ratio/low_mean"] == pytest.approx(low / tokens / 2, rel=1e-6)
    assert metrics["clip_ratio/high_mean"] == pytest.approx(high / tokens / 2, rel=1e-6)
    assert metrics["sampler/logprob_difference_mean"] == pytest.approx(sum(differences) / tokens, rel=1e-6)
    assert metrics["sampler/logprob_difference_max"] == pytest.approx(max(differences), rel=1e-6)
    norms = [float(gradient.norm()) for gradient in optimizer.gradients]
    assert metrics["grad_norm"] == pytest.approx(sum(norms) / 2, rel=1e-12)
    assert metrics["learning_rate"] == 1.0


def test_the_loss_is_the_mean_of_both_passes() -> None:
    batch, config = a_batch(), a_config()
    policy = Unigram()
    optimizer = Descent(policy, 0.5)
    apart = [update(policy, optimizer, batch, 0, config).metrics["loss"] for _ in range(2)]
    together = Unigram()
    metrics = update(together, Descent(together, 0.5), batch, 0, a_config(iterations=2)).metrics
    assert metrics["loss"] == pytest.approx(sum(apart) / 2, rel=1e-12)
    assert apart[0] != pytest.approx(apart[1], rel=1e-3)


def test_nothing_is_learned_and_nothing_remembered_where_no_group_has_a_signal() -> None:
    policy = Unigram()
    policy.theta = torch.nn.Parameter(policy.theta.detach().float())
    config = OptimizerConfig(learning_rate=0.1, weight_decay=0.1)
    optimizer = MasterAdamW([policy.theta], config, total_steps=10)
    update(policy, optimizer, a_batch(), 0, a_config())  # so that there is momentum that could move weights
    weights = policy.theta.detach().clone()
    adam = {name: value.clone() for name, value in optimizer.adam.state[policy.theta].items()}
    silent = replace(a_batch(), advantage_B=torch.zeros(9))
    metrics = update(policy, optimizer, silent, 1, a_config(iterations=3)).metrics
    assert torch.equal(policy.theta, weights)
    assert all(torch.equal(value, adam[name]) for name, value in optimizer.adam.state[policy.theta].items())
    assert metrics.pop("learning_rate") == pytest.approx(0.1, rel=1e-12)
    assert set(metrics.values()) == {0.0}


def truncated(batch: Batch, *rows: int) -> Batch:
    return replace(batch, truncated_B=torch.tensor([row in rows for row in range(len(batch))]))


def test_responses_that_were_truncated_teach_nothing_and_still_count_as_rows() -> None:
    """Rows 1 (7 tokens) and 3, 4 (all of the second group): B stays 9 and the tokens are 37 − 17."""
    for aggregation in ("sequence_mean", "token_mean"):
        batch, policy = truncated(a_batch(), 1, 3, 4), Unigram()
        advantage_B = torch.where(torch.tensor([r in (1, 3, 4) for r in range(9)]), 0.0, batch.advantage_B)
        expected = expected_gradient(policy.theta.detach(), replace(batch, advantage_B=advantage_B), ObjectiveConfig())
        if aggregation == "token_mean":
            kept = replace(batch, loss_mask_BT=batch.mask_BT & ~batch.truncated_B[:, None])
            config = ObjectiveConfig(aggregation="token_mean")
            expected = expected_gradient(policy.theta.detach(), kept, config)
        optimizer = Descent(policy, 0.1)
        update(policy, optimizer, batch, 0, a_config(aggregation=aggregation, mask_truncated=True))
        torch.testing.assert_close(optimizer.gradients[0], expected, rtol=1e-7, atol=1e-12)
        assert [len(asked.prompts) for asked in policy.asked] == [2]
        assert int(policy.asked[0].mask_BT.sum()) == 20


def test_where_everything_was_truncated_nothing_is_learned() -> None:
    for reference in (False, True):
        policy = Unigram()
        optimizer = Descent(policy, 0.1)
        batch = truncated(a_batch(reference), *range(9))
        config = a_config(mask_truncated=True, beta=0.1 if reference else 0.0)
        metrics = update(policy, optimizer, batch, 0, config).metrics
        assert optimizer.gradients[0].abs().max() == 0
        assert policy.asked == []
        assert metrics["loss"] == 0


def test_unless_the_recipe_says_so_what_was_truncated_is_learned_from() -> None:
    gradients = []
    for batch in (a_batch(), truncated(a_batch(), 0, 5)):
        policy = Unigram()
        optimizer = Descent(policy, 0.1)
        update(policy, optimizer, batch, 0, a_config())
        gradients += optimizer.gradients
    assert torch.equal(*gradients)


@pytest.mark.parametrize("micro_batch_tokens", [1, 10_000])
def test_with_an_importance_correction_the_first_pass_sets_pi_old(micro_batch_tokens: int) -> None:
    """ρ is 1 on the first pass and w = π_old / π_sampler on both: weights and π_old stay those of the start."""
    batch, policy = a_batch(), Unigram()
    choices = {"importance": "token", "importance_max": 1.1, "iterations": 2}
    config = a_config(**choices)
    thetas = [policy.theta.detach().clone()]
    optimizer = Descent(policy, 1.5, micro_batch_tokens)
    metrics = update(policy, optimizer, batch, 0, config).metrics
    thetas.append(thetas[0] - 1.5 * optimizer.gradients[0])
    lengths = batch.mask_BT.sum(-1).tolist()
    weights, differences = [], []
    for number, theta in enumerate(thetas):
        p, total = theta.softmax(-1), torch.zeros(VOCABULARY, dtype=torch.float64)
        for i, t in batch.mask_BT.nonzero().tolist():
            token, advantage = int(batch.tokens_BT[i, t]) % VOCABULARY, batch.advantage_B[i].item()
            start = thetas[0].log_softmax(-1)[token].item()
            weight = min(math.exp(start - batch.old_logprobs_BT[i, t].item()), 1.1)
            ratio = math.exp(p[token].log().item() - start)
            clipped = ratio > 1.2 if advantage > 0 else ratio < 0.8
            slope = 0.0 if clipped else weight * ratio * advantage
            onehot = torch.nn.functional.one_hot(torch.tensor(token), VOCABULARY)
            total -= slope / (9 * lengths[i]) * (onehot - p)
            weights.append(weight)
            differences += [abs(start - batch.old_logprobs_BT[i, t].item())] if number == 0 else []
        torch.testing.assert_close(optimizer.gradients[number], total, rtol=1e-6, atol=1e-12)
    assert len(policy.asked) == 2 * (9 if micro_batch_tokens == 1 else 1)
    assert metrics["sampler/importance_mean"] == pytest.approx(sum(weights) / len(weights), rel=1e-6)
    assert metrics["sampler/logprob_difference_mean"] == pytest.approx(sum(differences) / 37, rel=1e-6)
    assert 0 < sum(weight == 1.1 for weight in weights) < len(weights)


@pytest.mark.parametrize("micro_batch_tokens", [1, 10_000])
def test_with_an_entropy_bonus_every_group_is_learned_from(micro_batch_tokens: int) -> None:
    """Where no advantage says anything, the gradient is −0.3 ∇H, the entropy of the unigram itself."""
    policy = Unigram()
    theta = policy.theta.detach().clone().requires_grad_()
    log_p = theta.log_softmax(-1)
    (log_p.exp() * log_p).sum().backward()
    optimizer = Descent(policy, 0.1, micro_batch_tokens)
    batch = replace(a_batch(), advantage_B=torch.zeros(9, dtype=torch.float64))
    update(policy, optimizer, batch, 0, a_config(entropy_bonus=0.3, aggregation="constant_length"))
    assert theta.grad is not None
    torch.testing.assert_close(optimizer.gradients[0], 0.3 * theta.grad, rtol=1e-9, atol=1e-12)


class Cramped(Unigram):
    """Fails over more than one group at a time."""

    def logprobs(self, batch: Batch) -> Tensor:
        if len(batch.prompts) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().logprobs(batch)


@pytest.mark.parametrize("importance", ["none", "token"])
@pytest.mark.parametrize("iterations", [1, 3])
def test_out_of_memory_changes_the_parts_and_nothing_else(iterations: int, importance: str) -> None:
    """Of groups of 20, 8 and 10 tokens the last two fail together, when the first one's gradient is gathered."""
    batch = ragged_batch([2, 2, 2], [[9, 9], [3, 3], [4, 4]], dtype=torch.float64)
    found = []
    for policy in (Unigram(3), Cramped(3)):
        optimizer = Descent(policy, 0.1, 20)
        metrics = update(policy, optimizer, batch, 0, a_config(iterations=iterations, importance=importance)).metrics
        found.append((optimizer.gradients, metrics, optimizer.micro_batch_tokens))
    (roomy, roomy_metrics, whole), (cramped, cramped_metrics, halved) = found
    assert (whole, halved) == (20, 10)
    for one, other in zip(roomy, cramped, strict=True):
        torch.testing.assert_close(one, other)
    assert cramped_metrics == pytest.approx(roomy_metrics)


@pytest.mark.parametrize(("norms", "ratio"), [([1.0, 2.0], 0.0), ([float("nan"), 1.0], 0.5), ([float("inf")] * 2, 1.0)])
def test_passes_without_numbers_are_counted(norms: list[float], ratio: float) -> None:
    policy, left = Unigram(0), iter(norms)

    class Broken(Descent):
        def step(self, index: int) -> Mapping[str, float]:
            return {**super().step(index), "grad_norm": next(left)}

    metrics = update(policy, Broken(policy, 0.1), a_batch(), 0, a_config(iterations=2)).metrics
    assert metrics["non_finite_ratio"] == ratio


@pytest.mark.parametrize("micro_batch_tokens", [1, 10_000])
def test_replayed_rows_are_learned_from_and_left_out_of_the_samplers_difference(micro_batch_tokens: int) -> None:
    """Rows 2 (1 token) and 4 (5 tokens): their ratio is that to the policy that sampled them."""
    replayed_B = torch.tensor([row in (2, 4) for row in range(9)])
    batch, policy = replace(a_batch(), replayed_B=replayed_B), Unigram()
    theta = policy.theta.detach().clone()
    optimizer = Descent(policy, 0.1, micro_batch_tokens)
    metrics = update(policy, optimizer, batch, 0, a_config()).metrics
    expected = expected_gradient(theta, a_batch(), ObjectiveConfig())
    torch.testing.assert_close(optimizer.gradients[0], expected, rtol=1e-7, atol=1e-12)
    logp = theta.log_softmax(-1)[batch.tokens_BT % VOCABULARY]
    fresh = [
        abs(float(logp[i, t] - batch.old_logprobs_BT[i, t]))
        for i, t in batch.mask_BT.nonzero().tolist()
        if i not in (2, 4)
    ]
    assert len(fresh) == 37 - 6
    assert metrics["sampler/logprob_difference_mean"] == pytest.approx(sum(fresh) / 31, rel=1e-6)
    assert metrics["sampler/logprob_difference_max"] == pytest.approx(max(fresh), rel=1e-6)


def test_a_group_of_nothing_but_replayed_tokens_has_no_difference() -> None:
    """The others of its group were truncated, and are masked."""
    batch = replace(truncated(a_batch(), *range(8)), replayed_B=torch.tensor([row == 8 for row in range(9)]))
    policy = Unigram()
    metrics = update(policy, Descent(policy, 0.1), batch, 0, a_config(mask_truncated=True)).metrics
    assert (metrics["sampler/logprob_difference_mean"], metrics["sampler/logprob_difference_max"]) == (0.0, 0.0)
    assert metrics["grad_norm"] > 0


def test_an_infinite_loss_is_not_learned_from_though_its_gradient_is_finite() -> None:
    """k3 at log π_ref = −∞ is infinite, and its slope is 1."""
    batch = a_batch(reference=True)
    assert batch.reference_logprobs_BT is not None
    batch.reference_logprobs_BT[0, 0] = -torch.inf
    policy = Unigram(0)
    before = policy.theta.detach().clone()
    optimizer = Descent(policy, 0.1)
    metrics = update(policy, optimizer, batch, 0, a_config(beta=0.1)).metrics
    assert torch.equal(policy.theta, before)
    assert not optimizer.gradients[0].any()
    assert metrics["non_finite_ratio"] == 1.0


def test_without_anything_to_learn_from_the_figures_are_zeros() -> None:
    batch = a_batch()
    batch.advantage_B[:] = 0.0
    policy = Unigram(0)
    metrics = update(policy, Descent(policy, 0.1), batch, 0, a_config()).metrics
    assert policy.asked == []
    assert metrics["loss"] == metrics["clip_ratio/low_mean"] == metrics["sampler/logprob_difference_mean"] == 0.0
    assert metrics["non_finite_ratio"] == 0.0


def test_entropies_are_asked_for_where_there_is_a_bonus_or_they_are_recorded() -> None:
    asked: list[str] = []
    found: list[int] = []

    class Telling(Unigram):
        def logprobs_and_entropies(self, batch: Batch) -> tuple[Tensor, Tensor]:
            asked.append("entropies")
            return super().logprobs_and_entropies(batch)

    for config in (a_config(), a_config(entropy_bonus=0.01), a_config().model_copy(update={"record_entropy": True})):
        policy = Telling(0)
        update(policy, Descent(policy, 0.1), a_batch(), 0, config)
        found.append(len(asked))
    assert found == [0, 1, 2]


LIMITED = {"importance_max": 1.3, "importance_min": 0.7}
KINDS: dict[str, dict[str, Any]] = {
    "alone": {},
    "KL": {"beta": 0.3, "kl_in": "loss"},
    "entropy": {"entropy_bonus": 0.2},
    "tokens": {"importance": "token", **LIMITED},
    "responses": {"importance": "sequence", **LIMITED},
    "all": {
        "beta": 0.3,
        "kl_in": "loss",
        "entropy_bonus": 0.2,
        "importance": "token",
        "importance_bound": "mask",
        **LIMITED,
    },
}
"""What an objective may have besides its own choices."""


def with_others(junk: float) -> tuple[Batch, Batch]:
    """A batch in which others wrote some tokens, and the same responses without these tokens.

    For a unigram these are the same data. Others wrote the first row's middle, the second's end, all of the fifth;
    what is recorded for their tokens is `junk`.
    """
    whole = a_batch(reference=True)
    mine_BT = whole.mask_BT.clone()
    mine_BT[0, 1], mine_BT[1, 4:], mine_BT[4], mine_BT[6, :8:2] = False, False, False, False
    assert whole.reference_logprobs_BT is not None
    order_BT = (~mine_BT).long().argsort(dim=-1, stable=True)  # what is mine to the left, in its order
    first, reference = whole.old_logprobs_BT, whole.reference_logprobs_BT
    mixed = replace(
        whole,
        loss_mask_BT=mine_BT,
        old_logprobs_BT=torch.where(mine_BT, first, junk),
        reference_logprobs_BT=torch.where(mine_BT, reference, junk),
    )
    short_BT = torch.arange(mine_BT.shape[1]) < mine_BT.sum(-1, keepdim=True)
    apart = replace(
        whole,
        tokens_BT=whole.tokens_BT.gather(1, order_BT),
        mask_BT=short_BT,
        loss_mask_BT=short_BT,
        old_logprobs_BT=first.gather(1, order_BT),
        reference_logprobs_BT=reference.gather(1, order_BT),
    )
    assert int(mixed.loss_mask_BT.sum()) == int(apart.mask_BT.sum()) == 37 - 1 - 3 - 5 - 4
    return mixed, apart


@pytest.mark.parametrize("micro_batch_tokens", [1, 10_000])
@pytest.mark.parametrize("junk", [0.0, math.nan])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ROWS)
def test_tokens_that_others_wrote_move_neither_loss_nor_gradient(
    name: Any, kind: str, junk: float, micro_batch_tokens: int
) -> None:
    """For every objective: the same loss, gradient and figures as without these tokens."""
    config = a_config(name=name, **KINDS[kind])
    found = []
    for batch in with_others(junk):
        used = batch if config.objective.beta else batch.with_reference(None)
        policy = Unigram()
        optimizer = Descent(policy, 0.1, micro_batch_tokens)
        found.append((update(policy, optimizer, used, 0, config).metrics, optimizer.gradients[0]))
    (metrics, gradient), (expected_metrics, expected) = found
    torch.testing.assert_close(gradient, expected, rtol=1e-9, atol=1e-13)
    assert metrics["loss"] == pytest.approx(expected_metrics["loss"], rel=1e-9)
    assert metrics == pytest.approx(expected_metrics, rel=1e-6)  # sums over tokens are in float32
    assert metrics["non_finite_ratio"] == 0.0
    assert expected.norm() > 1e-4


@pytest.mark.parametrize("aggregation", ["sequence_mean", "token_mean", "constant_length"])
def test_tokens_that_others_wrote_by_loops(aggregation: Any) -> None:
    mixed, _ = with_others(0.0)
    config, policy = a_config(aggregation=aggregation, beta=0.3), Unigram()
    optimizer = Descent(policy, 0.1)
    update(policy, optimizer, mixed, 0, config)
    expected = expected_gradient(Unigram().theta.detach(), mixed, config.objective)
    torch.testing.assert_close(optimizer.gradients[0], expected, rtol=1e-7, atol=1e-12)
    unmasked = expected_gradient(Unigram().theta.detach(), replace(mixed, loss_mask_BT=mixed.mask_BT), config.objective)
    assert not torch.allclose(expected, unmasked, rtol=1e-2), "or else this shows nothing"


def placed(batch: Batch) -> Batch:
    """The batch with a place for each row, as `collate` gives them, in another order than that of the rows."""
    return replace(batch, place_B=torch.arange(len(batch)).flip(0))


@pytest.mark.parametrize("micro_batch_tokens", [1, 10_000])
def test_what_the_last_pass_found_of_each_token_is_kept_by_place(micro_batch_tokens: int) -> None:
    """Of two passes with steps of 2.0, the ratios that the second saw; those of the first were all 1."""
    policy = Unigram()
    batch = replace(a_batch(), old_logprobs_BT=policy.logprobs(a_batch()).detach())
    batch = replace(batch, advantage_B=torch.where(batch.group_B == 1, 0.0, batch.advantage_B))
    optimizer, theta = Descent(policy, 2.0, micro_batch_tokens), policy.theta.detach().clone()
    columns = update(policy, optimizer, placed(batch), 0, a_config(iterations=2)).tokens.columns()
    moved = (theta - 2.0 * optimizer.gradients[0]).log_softmax(-1) - theta.log_softmax(-1)
    rows = {8 - place: found for place, found in columns.items()}
    assert set(rows) <= {0, 1, 2, 5, 6, 7, 8}, "the second group had no signal"
    assert len(rows) > 3
    for row, found in rows.items():
        length, advantage = int(batch.lengths_B[row]), batch.advantage_B[row].item()
        ratios = moved[batch.tokens_BT[row, :length] % VOCABULARY].exp().tolist()
        assert found["ratio"] == pytest.approx(ratios, abs=1e-4)
        beyond = [ratio > 1.2 if advantage > 0 else ratio < 0.8 for ratio in ratios]
        assert found.get("clipped", [False] * length) == beyond
    assert any("clipped" in found for found in rows.values())


def test_entropies_are_kept_where_asked_for_and_are_no_part_of_the_loss() -> None:
    """The entropy of the unigram, by hand; None at the tokens of others."""
    gradients = []
    for asked in (False, True):
        policy = Unigram()
        p = policy.theta.detach().softmax(-1)
        loss_mask_BT = a_batch().mask_BT.clone()
        loss_mask_BT[0, 1] = False
        batch, optimizer = placed(replace(a_batch(), loss_mask_BT=loss_mask_BT)), Descent(policy, 0.1)
        config = a_config().model_copy(update={"record_entropy": asked})
        columns = update(policy, optimizer, batch, 0, config).tokens.columns()
        gradients += optimizer.gradients
        assert all(("entropy" in found) is asked for found in columns.values())
        if asked:
            entropy = pytest.approx(-float((p * p.log()).sum()), abs=1e-4)
            assert columns[8]["entropy"] == [entropy, None, entropy]
    assert torch.equal(*gradients)
