"""Which way serves what, and the way by PyTorch against float64."""

import pytest
import torch

from whet.policy import head_probabilities
from whet.policy.head_probabilities import BY_TORCH, Scale, way_of


def test_a_cpu_goes_through_torch() -> None:
    assert way_of(torch.zeros(1, 2), None) is BY_TORCH
    assert way_of(torch.zeros(1, 2, dtype=torch.bfloat16), 30.0) is BY_TORCH


def test_a_soft_cap_or_float64_goes_through_torch_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = torch.zeros(1, 2, dtype=torch.float64)
    monkeypatch.setattr(head_probabilities, "SERVES", {"cpu": head_probabilities.SERVES["cuda"]})
    assert way_of(hidden, None) is BY_TORCH
    monkeypatch.setattr(head_probabilities, "SERVES", {"cpu": lambda device, dtype: pytest.fail("asked")})
    assert way_of(hidden, 30.0) is BY_TORCH


def test_where_triton_is_absent_torch_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_probabilities, "find_spec", lambda name: None)
    monkeypatch.setattr(head_probabilities, "SERVES", {"cpu": head_probabilities.SERVES["cuda"]})
    assert way_of(torch.zeros(1, 2), None) is BY_TORCH


@pytest.mark.parametrize("cap", [None, 1.5])
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_by_torch(cap: float | None, temperature: float) -> None:
    """Log-probabilities, what is filled in, and the same once more."""
    random = torch.Generator().manual_seed(0)
    hidden, head = (torch.randn(n, 4, generator=random, dtype=torch.float64) for n in (3, 9))
    targets, scale = torch.tensor([8, 0, 4]), Scale(temperature, cap)
    logits = hidden @ head.T if cap is None else cap * torch.tanh(hidden @ head.T / cap)
    slope = 1 if cap is None else 1 - torch.tanh(hidden @ head.T / cap) ** 2
    expected = (logits / temperature).log_softmax(-1)
    kept = torch.empty(3, 9, dtype=torch.float64)
    logprobs, of_target = BY_TORCH.forward(hidden, head, targets, scale, kept)
    torch.testing.assert_close(logprobs, expected[torch.arange(3), targets])
    torch.testing.assert_close(kept, expected.exp() * slope)
    torch.testing.assert_close(BY_TORCH.again(hidden, head, targets, scale), kept)
    assert (of_target is None) == (cap is None)
    if of_target is not None:
        assert isinstance(slope, torch.Tensor)
        torch.testing.assert_close(of_target[:, 0], slope[torch.arange(3), targets])
