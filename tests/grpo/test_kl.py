"""The three estimators by hand, and what is claimed of their bias by exact expectation."""

import math

import pytest
import torch

from whet.grpo.kl import kl_divergence

# log π_θ = −1, log π_ref = −1.5: log r = −0.5, r = 0.60653
BY_HAND = {"k1": 0.5, "k2": 0.125, "k3": math.exp(-0.5) - 1 + 0.5}

P = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64)
Q = torch.tensor([0.2, 0.4, 0.1, 0.3], dtype=torch.float64)
EXACT = sum(p * math.log(p / q) for p, q in zip(P.tolist(), Q.tolist(), strict=True))


@pytest.mark.parametrize("estimator", BY_HAND)
def test_by_hand(estimator: str) -> None:
    value = kl_divergence(torch.tensor([[-1.0]]), torch.tensor([[-1.5]]), estimator)
    assert value.item() == pytest.approx(BY_HAND[estimator], rel=1e-6)


def test_the_papers_estimator_is_k3() -> None:
    """Eq. 4: π_ref/π_θ − log(π_ref/π_θ) − 1."""
    ours = kl_divergence(P.log(), Q.log())
    assert ours.tolist() == pytest.approx((Q / P - (Q / P).log() - 1).tolist(), rel=1e-12)


@pytest.mark.parametrize("estimator", ["k1", "k3"])
def test_k1_and_k3_are_unbiased(estimator: str) -> None:
    assert (P * kl_divergence(P.log(), Q.log(), estimator)).sum().item() == pytest.approx(EXACT, rel=1e-12)


def test_k2_is_biased() -> None:
    assert abs((P * kl_divergence(P.log(), Q.log(), "k2")).sum().item() - EXACT) > 0.02


@pytest.mark.parametrize("estimator", ["k2", "k3"])
def test_k2_and_k3_are_never_negative_and_k1_may_be(estimator: str) -> None:
    log_r = torch.linspace(-6, 6, 241)
    assert (kl_divergence(-log_r, torch.zeros(241), estimator) >= 0).all()
    assert (kl_divergence(-log_r, torch.zeros(241), "k1") < 0).any()


@pytest.mark.parametrize("estimator", BY_HAND)
def test_equal_policies_are_no_distance_apart(estimator: str) -> None:
    assert kl_divergence(P.log(), P.log(), estimator).tolist() == [0.0] * 4


def test_k3_keeps_its_digits_where_policies_barely_differ() -> None:
    """r − 1 − log r ≈ (log r)² / 2; computed as written in float32 it would be rounding noise."""
    difference = torch.tensor([1e-3, -1e-3])
    value = kl_divergence(torch.zeros(2), difference)
    assert value.tolist() == pytest.approx([5.0017e-7, 4.9983e-7], rel=1e-3)


@pytest.mark.parametrize(
    ("estimator", "slope"),
    [("k1", lambda log_r: 1.0), ("k2", lambda log_r: -log_r), ("k3", lambda log_r: 1 - math.exp(log_r))],
)
def test_gradient_by_hand(estimator: str, slope: object) -> None:
    """d/d log π_θ with log r = log π_ref − log π_θ; the reference gets none."""
    logprobs = torch.tensor([-1.0, -0.2, -3.0], dtype=torch.float64, requires_grad=True)
    reference = torch.tensor([-1.5, -0.1, -3.0], dtype=torch.float64)
    kl_divergence(logprobs, reference, estimator).sum().backward()
    log_rs = (reference - logprobs.detach()).tolist()
    assert logprobs.grad is not None
    assert logprobs.grad.tolist() == pytest.approx([slope(x) for x in log_rs], rel=1e-12)  # type: ignore[operator]
