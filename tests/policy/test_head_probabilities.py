"""The way by PyTorch against float64."""

import pytest
import torch

from whet.policy.head_probabilities import BY_TORCH, Scale


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
