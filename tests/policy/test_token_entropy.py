"""Entropy from hidden states, against −Σ p log p written out, and its gradient against finite differences."""

import math

import pytest
import torch

from whet.policy import token_entropy
from whet.policy.head_chunks import HeadSizes
from whet.policy.token_entropy import logprobs_and_entropies, token_logprobs_and_entropies


def test_by_hand() -> None:
    """Logits 0, log 2 and log 5 are probabilities 1/8, 2/8 and 5/8."""
    logits = torch.tensor([[0.0, math.log(2), math.log(5)]], dtype=torch.float64)
    logprobs, entropies = logprobs_and_entropies(logits, torch.tensor([1]))
    assert logprobs.item() == pytest.approx(math.log(2 / 8), rel=1e-12)
    assert entropies.item() == pytest.approx(-sum(p * math.log(p) for p in (1 / 8, 2 / 8, 5 / 8)), rel=1e-12)


@pytest.mark.parametrize("cap", [None, 1.5])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_chunks_and_temperature(
    monkeypatch: pytest.MonkeyPatch, chunk: int, temperature: float, cap: float | None
) -> None:
    monkeypatch.setattr(token_entropy, "head_sizes", lambda *_: HeadSizes(chunk, 0))
    random = torch.Generator().manual_seed(0)
    hidden = torch.randn(7, 4, generator=random, dtype=torch.float64, requires_grad=True)
    head = torch.randn(9, 4, generator=random, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(9, (7,), generator=random)
    logprobs, entropies = token_logprobs_and_entropies(hidden, head, targets, temperature, cap)
    logits = hidden @ head.T if cap is None else cap * torch.tanh(hidden @ head.T / cap)
    log_p = (logits / temperature).log_softmax(-1)
    expected = log_p[torch.arange(7), targets], -(log_p.exp() * log_p).sum(-1)
    torch.testing.assert_close((logprobs, entropies), expected, rtol=1e-12, atol=1e-12)
    slope = torch.randn(2, 7, generator=random, dtype=torch.float64)
    ours = torch.autograd.grad((slope[0] * logprobs + slope[1] * entropies).sum(), [hidden, head])
    theirs = torch.autograd.grad((slope[0] * expected[0] + slope[1] * expected[1]).sum(), [hidden, head])
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_bfloat16_layers_give_float32_figures() -> None:
    hidden, head = torch.randn(3, 4).bfloat16(), torch.randn(9, 4).bfloat16()
    logprobs, entropies = token_logprobs_and_entropies(hidden, head, torch.tensor([1, 2, 3]))
    assert logprobs.dtype == entropies.dtype == torch.float32
