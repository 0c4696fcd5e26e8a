"""The loss and its gradient against eq. 3 of the paper, written out as loops over plain numbers."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Any

import pytest
import torch
from torch import Tensor

from batches import ragged_batch
from whet.batch import Batch
from whet.config import ObjectiveConfig
from whet.grpo.objective import Normaliser, objective

AGGREGATIONS = ("sequence_mean", "token_mean", "constant_length")
LONGEST = 16


@dataclass(frozen=True)
class Expected:
    loss: float
    slopes: list[list[float]]
    """∂loss / ∂log π_θ for every place, padding included."""


def by_loops(logprobs_BT: Tensor, batch: Batch, config: ObjectiveConfig) -> Expected:
    """Eq. 3 with eq. 4, token by token, and its derivative by hand."""
    mask = batch.loss_mask_BT.tolist()
    lengths = [sum(row) for row in mask]
    loss, slopes = 0.0, []
    for i, row in enumerate(mask):
        slopes.append([0.0] * len(row))
        weight = {
            "sequence_mean": 1 / (len(mask) * max(lengths[i], 1)),
            "token_mean": 1 / sum(lengths),
            "constant_length": 1 / (len(mask) * LONGEST),
        }[config.aggregation]
        advantage = float(batch.advantage_B[i])
        for t in (place for place, counts in enumerate(row) if counts):
            new, old = float(logprobs_BT[i, t]), float(batch.old_logprobs_BT[i, t])
            ratio = math.exp(new - old)
            inside = min(max(ratio, 1 - config.clip_low), 1 + config.clip_high)
            gain, slope = ratio * advantage, ratio * advantage
            if inside * advantage < gain:
                gain, slope = inside * advantage, 0.0
            kl, kl_slope = 0.0, 0.0
            if batch.reference_logprobs_BT is not None:
                log_r = float(batch.reference_logprobs_BT[i, t]) - new
                kl, kl_slope = math.exp(log_r) - log_r - 1, 1 - math.exp(log_r)
            loss -= weight * (gain - config.beta * kl)
            slopes[i][t] = -weight * (slope - config.beta * kl_slope)
    return Expected(loss, slopes)


def normaliser(batch: Batch) -> Normaliser:
    return Normaliser(len(batch.group_B), int(batch.mask_BT.sum()), LONGEST)


def a_batch(reference: bool = False, seed: int = 0) -> Batch:
    lengths = [[3, 7, 1], [5, 5], [2, 9, 4, 1]]
    return ragged_batch([4, 2, 6], lengths, seed=seed, dtype=torch.float64, reference=reference)


def now(batch: Batch, spread: float = 0.5, seed: int = 1) -> Tensor:
    """log π_θ: log π_old moved by normal noise, so that every clip region is met."""
    noise = torch.randn(batch.mask_BT.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (batch.old_logprobs_BT + spread * noise).requires_grad_()


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize(("beta", "reference"), [(0.0, False), (0.04, True), (1.0, True)])
@pytest.mark.parametrize("clips", [(0.2, 0.2), (0.2, 0.28), (0.0, 0.0), (0.9, 3.0)])
def test_value_and_gradient_are_equation_3(
    aggregation: Any, beta: float, reference: bool, clips: tuple[float, float]
) -> None:
    config = ObjectiveConfig(aggregation=aggregation, beta=beta, clip_low=clips[0], clip_high=clips[1])
    batch = a_batch(reference)
    logprobs_BT = now(batch)
    loss = objective(logprobs_BT, batch, normaliser(batch), config)
    loss.value.backward()
    expected = by_loops(logprobs_BT.detach(), batch, config)
    assert loss.value.item() == pytest.approx(expected.loss, rel=1e-7)
    assert logprobs_BT.grad is not None
    torch.testing.assert_close(
        logprobs_BT.grad, torch.tensor(expected.slopes, dtype=torch.float64), rtol=1e-7, atol=1e-12
    )


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("reference", [False, True])
def test_no_split_into_whole_groups_changes_loss_or_gradient(aggregation: Any, reference: bool) -> None:
    """All splits of four groups into consecutive micro-batches; each is narrower than the whole batch."""
    lengths = [[2, 1], [9, 3], [4, 4, 4], [1, 1]]
    batch = ragged_batch([3, 1, 2, 5], lengths, dtype=torch.float64, reference=reference)
    config = ObjectiveConfig(aggregation=aggregation, beta=0.3 if reference else 0.0)
    logprobs_BT = now(batch)
    whole = objective(logprobs_BT, batch, normaliser(batch), config).value
    (expected,) = torch.autograd.grad(whole, logprobs_BT)
    for cuts in product([False, True], repeat=3):
        starts = [0, *(place + 1 for place, cut in enumerate(cuts) if cut), 4]
        parts = [list(range(a, b)) for a, b in pairwise(starts)]
        losses = []
        for part in parts:
            micro, rows = batch.select(part), torch.isin(batch.group_B, torch.tensor(part))
            some = logprobs_BT[rows, : micro.mask_BT.shape[1]]
            losses.append(objective(some, micro, normaliser(batch), config).value)
        total = torch.stack(losses).sum()
        torch.testing.assert_close(total, whole, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(
            torch.autograd.grad(total, logprobs_BT, retain_graph=True)[0], expected, rtol=1e-12, atol=1e-14
        )


def test_at_the_old_policy_the_gradient_is_reinforce_with_this_advantage() -> None:
    batch = a_batch()
    logprobs_BT = batch.old_logprobs_BT.clone().requires_grad_()
    objective(logprobs_BT, batch, normaliser(batch), ObjectiveConfig(clip_low=0.0, clip_high=0.0)).value.backward()
    weight_BT = batch.mask_BT / (len(batch.group_B) * batch.mask_BT.sum(-1, keepdim=True))
    assert logprobs_BT.grad is not None
    torch.testing.assert_close(logprobs_BT.grad, -batch.advantage_B[:, None] * weight_BT)


@pytest.mark.parametrize("junk", [float("nan"), float("inf"), -float("inf"), 1e30])
@pytest.mark.parametrize("reference", [False, True])
def test_padding_is_never_read(junk: float, reference: bool) -> None:
    config = ObjectiveConfig(beta=0.5 if reference else 0.0)
    batch = a_batch(reference)
    logprobs_BT = now(batch)
    clean = objective(logprobs_BT, batch, normaliser(batch), config)
    (expected,) = torch.autograd.grad(clean.value, logprobs_BT)

    def spoil(x: Tensor | None) -> Any:
        return None if x is None else torch.where(batch.mask_BT, x, junk)

    spoilt = replace(
        batch,
        old_logprobs_BT=spoil(batch.old_logprobs_BT),
        reference_logprobs_BT=spoil(batch.reference_logprobs_BT),
    )
    loss = objective(logprobs_BT, spoilt, normaliser(batch), config)
    assert loss.value.item() == clean.value.item()
    assert torch.equal(torch.autograd.grad(loss.value, logprobs_BT)[0], expected)
    assert {k: v.item() for k, v in loss.token_sums.items()} == {k: v.item() for k, v in clean.token_sums.items()}


def test_token_sums_by_loops() -> None:
    config = ObjectiveConfig(clip_low=0.2, clip_high=0.3, beta=0.1)
    batch = a_batch(reference=True)
    logprobs_BT = now(batch)
    sums = objective(logprobs_BT, batch, normaliser(batch), config).token_sums
    expected = {"kl": 0.0, "clip_ratio/low_mean": 0, "clip_ratio/high_mean": 0}
    assert batch.reference_logprobs_BT is not None
    for i, t in batch.mask_BT.nonzero().tolist():
        new = logprobs_BT[i, t].item()
        ratio, advantage = math.exp(new - batch.old_logprobs_BT[i, t].item()), batch.advantage_B[i].item()
        log_r = batch.reference_logprobs_BT[i, t].item() - new
        expected["kl"] += math.exp(log_r) - 1 - log_r
        expected["clip_ratio/low_mean"] += advantage < 0 and ratio < 0.8
        expected["clip_ratio/high_mean"] += advantage > 0 and ratio > 1.3
    assert expected["clip_ratio/low_mean"] > 0
    assert expected["clip_ratio/high_mean"] > 0
    assert {name: total.item() for name, total in sums.items()} == pytest.approx(expected, rel=1e-5)


def test_a_response_without_tokens_weighs_nothing() -> None:
    batch = ragged_batch([2], [[3, 0, 2]], dtype=torch.float64)
    logprobs_BT = now(batch)
    value = objective(logprobs_BT, batch, normaliser(batch), ObjectiveConfig()).value
    full, others = by_loops_without(batch, logprobs_BT, row=1)
    assert value.item() == pytest.approx(full, rel=1e-7)
    assert value.item() == pytest.approx(others * 2 / 3, rel=1e-7)


def by_loops_without(batch: Batch, logprobs_BT: Tensor, row: int) -> tuple[float, float]:
    """The loss with the row counted but silent, and the loss of the other rows alone."""
    rows = [i for i in range(len(batch.group_B)) if i != row]
    rest = replace(
        batch,
        group_B=batch.group_B[rows],
        mask_BT=batch.mask_BT[rows],
        loss_mask_BT=batch.loss_mask_BT[rows],
        advantage_B=batch.advantage_B[rows],
        old_logprobs_BT=batch.old_logprobs_BT[rows],
    )
    alone = by_loops(logprobs_BT.detach()[rows], rest, ObjectiveConfig()).loss
    return alone * len(rows) / (len(rows) + 1), alone


def one_token(**fields: float) -> Batch:
    """A batch of one token with Â = 2 and log π_old = −1, and these of the optional fields."""
    batch = ragged_batch([2], [[1]], dtype=torch.float64)
    given = {name: torch.tensor([[value]], dtype=torch.float64) for name, value in fields.items()}
    known = {
        "old_logprobs_BT": torch.tensor([[-1.0]], dtype=torch.float64),
        "advantage_B": torch.tensor([2.0]).double(),
    }
    return replace(batch, **{**known, **given})


def value_and_slope(batch: Batch, logprob: float, **choices: Any) -> tuple[float, float]:
    logprobs_BT = torch.tensor([[logprob]], dtype=torch.float64, requires_grad=True)
    value = objective(logprobs_BT, batch, Normaliser(1, 1, LONGEST), ObjectiveConfig(**choices)).value
    value.backward()
    assert logprobs_BT.grad is not None
    return value.item(), logprobs_BT.grad.item()


def test_the_importance_weight_multiplies_the_gain_and_not_the_kl() -> None:
    """ρ = 1, Â = 2, w = ½: the gain is 1; log r = −½ makes k3 e^−½ − ½ with the slope 1 − e^−½."""
    batch = one_token(importance_BT=0.5, reference_logprobs_BT=-1.5)
    kl, slope = math.exp(-0.5) - 0.5, 1 - math.exp(-0.5)
    assert value_and_slope(batch, -1.0, beta=0.1) == pytest.approx((0.1 * kl - 1, 0.1 * slope - 1), rel=1e-9)


@pytest.mark.parametrize(
    ("kl", "value", "slope"), [("k1", 0.5, 1.0), ("k2", 0.125, 0.5), ("k3", math.exp(-0.5) - 0.5, 1 - math.exp(-0.5))]
)
def test_each_estimator_in_the_loss(kl: str, value: float, slope: float) -> None:
    batch = one_token(reference_logprobs_BT=-1.5)
    assert value_and_slope(batch, -1.0, beta=0.1, kl=kl) == pytest.approx((0.1 * value - 2, 0.1 * slope - 2), rel=1e-9)


def test_the_unbiased_kl_is_multiplied_by_the_ratio_and_so_is_its_gradient() -> None:
    """log π_θ = −0.9, so ρ = e^0.1; k2 is (−0.6)² / 2 = 0.18 with the slope 0.6: d(ρ k2) = ρ (0.18 + 0.6)."""
    batch, ratio = one_token(reference_logprobs_BT=-1.5), math.exp(0.1)
    found = value_and_slope(batch, -0.9, beta=0.5, kl="k2", kl_corrected=True)
    assert found == pytest.approx((0.5 * 0.18 * ratio - 2 * ratio, 0.5 * 0.78 * ratio - 2 * ratio), rel=1e-9)


def test_a_sequence_sum_is_divided_by_the_number_of_responses() -> None:
    batch = a_batch()
    logprobs_BT = batch.old_logprobs_BT.clone().requires_grad_()
    config = ObjectiveConfig(aggregation="sequence_sum")
    objective(logprobs_BT, batch, normaliser(batch), config).value.backward()
    expected = torch.where(batch.mask_BT, -batch.advantage_B[:, None] / 9, 0.0)
    torch.testing.assert_close(logprobs_BT.grad, expected)


def test_the_entropy_bonus_is_a_mean_over_all_tokens_of_the_batch_whatever_the_aggregation() -> None:
    """37 tokens in the batch; padding's entropies are not read, and a higher entropy lowers the loss."""
    batch = a_batch()
    entropy_BT = torch.where(batch.mask_BT, torch.rand(batch.mask_BT.shape).double(), math.nan).requires_grad_()
    logprobs_BT = now(batch).detach()
    for aggregation in AGGREGATIONS:
        config = ObjectiveConfig(aggregation=aggregation, entropy_bonus=0.3)  # type: ignore[arg-type]
        with_bonus = objective(logprobs_BT, batch, normaliser(batch), config, entropy_BT).value
        without = objective(logprobs_BT, batch, normaliser(batch), config).value
        mean = entropy_BT[batch.mask_BT].mean().item()
        assert (with_bonus - without).item() == pytest.approx(-0.3 * mean, rel=1e-9)
        (slope,) = torch.autograd.grad(with_bonus, entropy_BT)
        assert torch.equal(slope != 0, batch.mask_BT)
        assert slope[0, 0].item() == pytest.approx(-0.3 / 37, rel=1e-9)


def test_the_mean_importance_weight_is_measured() -> None:
    batch = one_token(importance_BT=0.5)
    sums = objective(torch.tensor([[-1.0]]).double(), batch, Normaliser(1, 1, 1), ObjectiveConfig()).token_sums
    assert sums["sampler/importance_mean"].item() == 0.5
    assert "kl" not in sums


@pytest.mark.parametrize("junk", [0.0, float("nan"), -float("inf")])
@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_tokens_that_do_not_count_have_no_slope_and_no_share_in_the_others(aggregation: Any, junk: float) -> None:
    """By loops over those that count; responses are as long as what counts of them, one has nothing that does."""
    whole = a_batch(reference=True)
    counts_BT = whole.mask_BT & (torch.arange(9) % 3 != 1) & (torch.arange(9)[:, None] != 3)
    batch = replace(whole, loss_mask_BT=counts_BT)
    config = ObjectiveConfig(aggregation=aggregation, beta=0.3, clip_high=0.28)
    logprobs_BT = now(batch)
    expected = by_loops(logprobs_BT.detach(), batch, config)

    def spoilt(x: Tensor | None) -> Tensor:
        assert x is not None
        return torch.where(counts_BT, x, junk)

    batch = replace(
        batch,
        old_logprobs_BT=spoilt(batch.old_logprobs_BT),
        reference_logprobs_BT=spoilt(batch.reference_logprobs_BT),
    )
    counted = Normaliser.of(batch, LONGEST)
    assert counted == Normaliser(9, int(counts_BT.sum()), LONGEST)
    loss = objective(logprobs_BT, batch, counted, config)
    loss.value.backward()
    assert loss.value.item() == pytest.approx(expected.loss, rel=1e-7)
    assert logprobs_BT.grad is not None
    slopes = torch.tensor(expected.slopes, dtype=torch.float64)
    torch.testing.assert_close(logprobs_BT.grad, slopes, rtol=1e-7, atol=1e-12)
    assert torch.equal(logprobs_BT.grad[~counts_BT], torch.zeros(int((~counts_BT).sum()), dtype=torch.float64))
    assert slopes[counts_BT].abs().max() > 1e-3
