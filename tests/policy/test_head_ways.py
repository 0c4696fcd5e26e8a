"""Which way serves what."""

import pytest
import torch

from whet.policy import head_ways
from whet.policy.head_probabilities import BY_TORCH
from whet.policy.head_ways import way_of


def test_a_cpu_goes_through_torch() -> None:
    assert way_of(torch.zeros(1, 2), None) is BY_TORCH
    assert way_of(torch.zeros(1, 2, dtype=torch.bfloat16), 30.0) is BY_TORCH


def test_a_soft_cap_or_float64_goes_through_torch_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = torch.zeros(1, 2, dtype=torch.float64)
    monkeypatch.setattr(head_ways, "SERVES", {"cpu": head_ways.SERVES["cuda"]})
    assert way_of(hidden, None) is BY_TORCH
    monkeypatch.setattr(head_ways, "SERVES", {"cpu": lambda device, dtype: pytest.fail("asked")})
    assert way_of(hidden, 30.0) is BY_TORCH


def test_where_triton_is_absent_torch_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_ways, "find_spec", lambda name: None)
    monkeypatch.setattr(head_ways, "SERVES", {"cpu": head_ways.SERVES["cuda"]})
    assert way_of(torch.zeros(1, 2), None) is BY_TORCH
