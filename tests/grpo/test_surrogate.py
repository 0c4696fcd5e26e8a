"""The gain of a token and its slope, region by region and for both signs of the advantage, by hand."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from whet.config.objectives import ObjectiveConfig
from whet.grpo.surrogate import CLIPPED, SURROGATES, clipped_surrogate

UNREAD = torch.tensor([[math.nan]], dtype=torch.float64)
"""Stands for a quantity that a surrogate has no use for."""


@pytest.mark.parametrize(
    ("ratio", "advantage", "gain", "slope"),
    [
        # Â > 0: rewarded up to 1 + ε_high and no further; below 1 − ε_low it still counts in full
        (0.5, 2.0, 1.0, 2.0),
        (0.9, 2.0, 1.8, 2.0),
        (1.0, 2.0, 2.0, 2.0),
        (1.25, 2.0, 2.5, 2.0),
        (1.4, 2.0, 2.6, 0.0),
        # Â < 0: punished down to 1 − ε_low and no further; above 1 + ε_high it still counts in full
        (0.5, -2.0, -1.6, 0.0),
        (0.9, -2.0, -1.8, -2.0),
        (1.0, -2.0, -2.0, -2.0),
        (1.4, -2.0, -2.8, -2.0),
        (1.4, 0.0, 0.0, 0.0),
    ],
)
def test_clip_regions_for_both_signs(ratio: float, advantage: float, gain: float, slope: float) -> None:
    ratio_BT = torch.tensor([[ratio]], dtype=torch.float64, requires_grad=True)
    config = ObjectiveConfig(clip_low=0.2, clip_high=0.3)
    value = clipped_surrogate(ratio_BT, UNREAD, torch.tensor([[advantage]], dtype=torch.float64), config)
    value.sum().backward()
    assert value.item() == pytest.approx(gain, rel=1e-12)
    assert ratio_BT.grad is not None
    assert ratio_BT.grad.item() == slope


def gain_and_slopes(name: str, ratio: float, logprob: float, advantage: float, **choices: object) -> tuple[float, ...]:
    """The gain of one token, ∂gain/∂ρ and ∂gain/∂log π, the two taken as independent."""
    leaves = [torch.tensor([[x]], dtype=torch.float64, requires_grad=True) for x in (ratio, logprob)]
    config = ObjectiveConfig(**choices)  # type: ignore[arg-type]
    gain: Tensor = SURROGATES[name](*leaves, torch.tensor([[advantage]], dtype=torch.float64), config)
    gain.sum().backward()  # type: ignore[no-untyped-call]
    return (gain.item(), *(0.0 if leaf.grad is None else leaf.grad.item() for leaf in leaves))


@pytest.mark.parametrize(
    ("ratio", "advantage", "gain", "slope"),
    [
        # Â < 0: a ratio above c = 3 costs no more than c does
        (2.9, -2.0, -5.8, -2.0),
        (3.5, -2.0, -6.0, 0.0),
        (0.5, -2.0, -1.6, 0.0),
        # Â > 0: the upper clip at 1.2 has long taken effect
        (2.9, 2.0, 2.4, 0.0),
        (3.5, 2.0, 2.4, 0.0),
        (1.1, 2.0, 2.2, 2.0),
    ],
)
def test_the_dual_clip_bounds_the_ratio_where_the_advantage_is_negative(
    ratio: float, advantage: float, gain: float, slope: float
) -> None:
    found = gain_and_slopes("clip", ratio, -1.0, advantage, clip_dual=3.0)
    assert found == pytest.approx((gain, slope, 0.0), rel=1e-12)


def test_without_a_dual_clip_a_large_ratio_costs_in_full() -> None:
    assert gain_and_slopes("clip", 3.5, -1.0, -2.0)[:2] == pytest.approx((-7.0, -2.0), rel=1e-12)


@pytest.mark.parametrize(
    ("ratio", "weight"),
    [(0.1, 0.8), (0.79, 0.8), (0.9, 0.9), (1.0, 1.0), (1.4, 1.4), (1.51, 1.5), (9.0, 1.5)],
)
@pytest.mark.parametrize("advantage", [2.0, -2.0])
def test_cispo_weighs_the_log_probability_by_the_clipped_ratio_and_stops_its_gradient(
    ratio: float, weight: float, advantage: float
) -> None:
    """Whatever the sign of Â, and beyond the clip too, the token learns; the ratio itself gets no gradient."""
    found = gain_and_slopes("clipped_weight", ratio, -1.5, advantage, clip_low=0.2, clip_high=0.5)
    assert found == pytest.approx((weight * advantage * -1.5, 0.0, weight * advantage), rel=1e-12)


@pytest.mark.parametrize("ratio", [0.01, 0.5, 1.0, 4.9, 7.0])
def test_the_row_cispo_has_no_lower_bound_and_an_upper_one_of_5(ratio: float) -> None:
    config = ObjectiveConfig(name="cispo")
    ratio_BT, logprob_BT = (torch.tensor([[x]], dtype=torch.float64) for x in (ratio, -0.5))
    gain = SURROGATES[config.surrogate](ratio_BT, logprob_BT, torch.ones(1, 1).double(), config)
    assert gain.item() == pytest.approx(-0.5 * min(ratio, 5.0), rel=1e-12)


@pytest.mark.parametrize(("advantage", "tau"), [(2.0, 1.0), (-2.0, 1.05), (0.5, 1.0), (0.0, 1.05)])
@pytest.mark.parametrize("ratio", [0.2, 1.0, 1.7, 5.0])
def test_the_soft_gate(ratio: float, advantage: float, tau: float) -> None:
    """σ(τ(ρ − 1)) · 4/τ · Â, whose slope is 4 p (1 − p) Â with p = σ(τ(ρ − 1))."""
    p = 1 / (1 + math.exp(-tau * (ratio - 1)))
    found = gain_and_slopes("soft_gate", ratio, -1.0, advantage)
    assert found == pytest.approx((p * 4 / tau * advantage, 4 * p * (1 - p) * advantage, 0.0), rel=1e-12)


def test_at_a_ratio_of_1_the_gate_is_open() -> None:
    assert gain_and_slopes("soft_gate", 1.0, -1.0, 3.0)[1] == pytest.approx(3.0, rel=1e-12)
    assert gain_and_slopes("soft_gate", 1.0, -1.0, -3.0)[1] == pytest.approx(-3.0, rel=1e-12)


def test_the_gates_steepness_is_chosen_by_sign() -> None:
    steep = {"gate_positive": 8.0, "gate_negative": 2.0}
    up, down = (gain_and_slopes("soft_gate", 1.5, -1.0, a, **steep)[0] for a in (1.0, -1.0))
    assert up == pytest.approx(0.5 / (1 + math.exp(-4)), rel=1e-12)
    assert down == pytest.approx(-2 / (1 + math.exp(-1)), rel=1e-12)


class Operations(TorchDispatchMode):
    """Notes the names of operations."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(operator._schema.name.split("::")[1])
        return operator(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", SURROGATES)
def test_nothing_is_copied_from_the_host(name: str) -> None:
    """On a GPU the host would wait for it."""
    like_BT, advantage_B1 = torch.ones(2, 3), torch.tensor([[1.0], [-1.0]])
    with Operations() as operations:
        SURROGATES[name](like_BT, like_BT, advantage_B1, ObjectiveConfig())
    assert operations.names.isdisjoint({"lift_fresh", "_to_copy", "copy_", "index"})


@pytest.mark.parametrize("advantage", [2.0, -0.5])
def test_reinforce_needs_no_ratio(advantage: float) -> None:
    found = gain_and_slopes("log_probability", math.nan, -1.5, advantage)
    assert found == pytest.approx((-1.5 * advantage, 0.0, advantage), rel=1e-12)


@pytest.mark.parametrize("dual", [None, 3.0])
def test_what_the_clip_took_away_is_where_autograd_finds_no_slope(dual: float | None) -> None:
    config = ObjectiveConfig(clip_low=0.2, clip_high=0.3, clip_dual=dual)
    ratio_BT = torch.tensor([[0.5, 0.9, 1.0, 1.25, 1.4, 5.0]] * 2, dtype=torch.float64, requires_grad=True)
    advantage_B1 = torch.tensor([[2.0], [-2.0]], dtype=torch.float64)
    clipped_surrogate(ratio_BT, UNREAD, advantage_B1, config).sum().backward()
    assert ratio_BT.grad is not None
    assert torch.equal(CLIPPED["clip"](ratio_BT, advantage_B1, config), ratio_BT.grad == 0)
    assert int((ratio_BT.grad == 0).sum()) == (3 if dual is None else 4)


def test_a_bounded_weight_counts_as_clipped_and_other_surrogates_clip_nothing() -> None:
    config, ratio_BT = ObjectiveConfig(clip_low=0.2, clip_high=0.3), torch.tensor([[0.5, 0.9, 1.25, 1.4]])
    advantage_B1 = torch.tensor([[1.0]])
    assert CLIPPED["clipped_weight"](ratio_BT, advantage_B1, config).tolist() == [[True, False, False, True]]
    for name in ("soft_gate", "log_probability"):
        assert not CLIPPED[name](ratio_BT, advantage_B1, config).any()
    assert CLIPPED.keys() == SURROGATES.keys()
