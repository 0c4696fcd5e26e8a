"""Masters of 16-bit weights: they round to their weights, lie evenly around them, and move them from the first step."""

import math
from random import Random

import pytest
import torch
from torch import Tensor

from whet.compute import spread_masters
from whet.compute.optimizer import MasterAdamW
from whet.compute.spread_masters import HALF_GAP, masters_of
from whet.config import OptimizerConfig

DTYPES = [torch.bfloat16, torch.float16]
MANY = 100_000


def parameters(*values: Tensor) -> list[torch.nn.Parameter]:
    return [torch.nn.Parameter(value) for value in values]


def normal(dtype: torch.dtype) -> Tensor:
    return torch.randn(MANY, generator=torch.Generator().manual_seed(0)).mul(0.05).to(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_they_round_to_their_weights(dtype: torch.dtype) -> None:
    """Of either sign, at powers of two, where the gaps on both sides differ, and at the least and greatest numbers."""
    powers = torch.tensor([sign * 2.0**exponent for sign in (1, -1) for exponent in range(-14, 15)], dtype=dtype)
    limits = torch.finfo(dtype)
    ends = torch.tensor([limits.max, limits.min, limits.smallest_normal, limits.smallest_normal / 4], dtype=dtype)
    weights = parameters(normal(dtype), powers.repeat(500), ends.repeat(500))
    for weight, master in zip(weights, masters_of(weights), strict=True):
        assert master.dtype == torch.float32
        assert torch.equal(master.to(dtype), weight)
        assert not torch.equal(master, weight.float())


@pytest.mark.parametrize(("dtype", "digits"), [(torch.bfloat16, 8), (torch.float16, 11)])
def test_they_lie_evenly_between_the_edges(dtype: torch.dtype, digits: int) -> None:
    """Numbers from 1 to 2 are 2^(1 − digits) apart: a uniform distribution has mean 0 and deviation 1 / √12 of that."""
    weights = parameters((1 + torch.arange(2, 2 + MANY) % 100 / 128).to(dtype))
    offset = (masters_of(weights)[0] - weights[0].detach().float()) * 2 ** (digits - 1)
    assert offset.abs().max() < 0.5
    assert offset.mean().item() == pytest.approx(0.0, abs=4 / math.sqrt(12 * MANY))
    assert offset.std().item() == pytest.approx(1 / math.sqrt(12), rel=0.02)


@pytest.mark.parametrize("dtype", DTYPES)
def test_zeros_and_wide_weights_stay(dtype: torch.dtype) -> None:
    zeros, wide, widest = parameters(torch.tensor([0.0, -0.0], dtype=dtype), torch.ones(3), torch.ones(3).double())
    of_zeros, of_wide, of_widest = masters_of([zeros, wide, widest])
    assert of_zeros.tolist() == [0.0, 0.0]
    assert of_wide is wide
    assert of_widest.tolist() == [1.0] * 3


def test_they_do_not_depend_on_who_draws_them() -> None:
    """The first numbers of a weight, in Python's own whole numbers: no device's generator has a part in it."""
    half = HALF_GAP[torch.bfloat16]
    weights = parameters(*(torch.ones(3, dtype=torch.bfloat16) for _ in range(2)))
    for number, master in enumerate(masters_of(weights)):
        first, second = Random(f"{number} 0").choices(range(-(2**31), 2**31), k=2)
        expected = []
        for place in range(3):
            x = (place ^ first) & 0xFFFFFFFF
            x = (x ^ (x >> 16)) * 0x7FEB352D & 0xFFFFFFFF
            x = (x ^ second) & 0xFFFFFFFF
            x = (x ^ (x >> 15)) * 0x846CA68B & 0xFFFFFFFF
            expected.append(max((x >> 16) - half, 1 - half))
        one = torch.ones(3).view(torch.int32)
        assert (master.view(torch.int32) - one).tolist() == expected


def test_chunks_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread_masters, "CHUNK", 500)
    (weight,) = parameters(torch.ones(2, 500, dtype=torch.bfloat16))
    first, second = masters_of([weight])[0]
    assert not torch.equal(first, second)


def test_neighbours_and_weights_are_independent() -> None:
    """Correlations of 100,000 independent numbers stay within four standard errors, 4 / √100,000."""
    weights = parameters(*(torch.ones(MANY, dtype=torch.bfloat16) for _ in range(3)))
    offsets = [master - 1 for master in masters_of(weights)]
    pairs = [(offsets[0], offsets[1]), (offsets[1], offsets[2])]
    pairs += [(offsets[0][:-lag], offsets[0][lag:]) for lag in (1, 2, 64, 576)]
    for one, other in pairs:
        assert abs(torch.corrcoef(torch.stack([one.double(), other.double()]))[0, 1]) < 4 / math.sqrt(MANY - 576)


def test_they_are_the_same_every_time_and_differ_between_weights() -> None:
    first, second = parameters(normal(torch.bfloat16), normal(torch.bfloat16))
    torch.manual_seed(1)
    ours = masters_of([first, second])
    torch.manual_seed(2)
    assert all(map(torch.equal, ours, masters_of([first, second])))
    assert not torch.equal(*ours)


def test_weights_move_from_the_first_step_on_as_far_as_their_masters() -> None:
    """AdamW's first step has the size of the learning rate, 1e-5. At 0.1 the gap is 2^-11: one weight in 49 moves."""
    rate, gap = 1e-5, 2.0**-11
    (weight,) = parameters(torch.full((MANY,), 0.1, dtype=torch.bfloat16))
    before = weight.detach().clone()
    config = OptimizerConfig(learning_rate=rate, warmup_steps=0, weight_decay=0.0, max_grad_norm=1e9)
    optimizer = MasterAdamW([weight], config, total_steps=9)
    optimizer.backward(weight.sum())
    optimizer.step(0)
    moved = (before - weight.detach()).float()
    share = rate / gap
    assert set(moved.tolist()) == {0.0, gap}
    # four standard errors of a share of this size
    assert (moved > 0).float().mean().item() == pytest.approx(share, abs=4 * math.sqrt(share / MANY))
