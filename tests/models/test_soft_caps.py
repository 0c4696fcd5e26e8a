"""Soft caps by hand, and their slope against finite differences."""

import math

import pytest
import torch

import tiny
from whet.models.soft_caps import attention_cap, cap_slope, logit_cap, soft_capped


def test_a_soft_cap_by_hand() -> None:
    """2 tanh(3 / 2)."""
    assert soft_capped(torch.tensor([3.0, 0.0]), 2.0).tolist() == pytest.approx([2 * math.tanh(1.5), 0.0])


def test_its_slope() -> None:
    x, step = torch.tensor([-3.0, 0.0, 0.4, 5.0], dtype=torch.float64), 1e-6
    numeric = (soft_capped(x + step, 2.0) - soft_capped(x - step, 2.0)) / (2 * step)
    torch.testing.assert_close(cap_slope(soft_capped(x, 2.0), 2.0), numeric, rtol=1e-6, atol=1e-9)


def test_the_caps_of_a_configuration() -> None:
    gemma, llama = tiny.tiny_config("gemma2"), tiny.tiny_config("llama")
    assert (attention_cap(gemma), logit_cap(gemma)) == (2.0, 3.0)
    assert (attention_cap(llama), logit_cap(llama)) == (None, None)
