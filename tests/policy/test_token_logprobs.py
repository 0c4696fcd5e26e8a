"""The chunked head against log_softmax over all logits at once, forward and backward."""

import pytest
import torch
from torch import Tensor

from live_tensors import LiveTensors
from whet.policy import head_probabilities
from whet.policy import token_logprobs as module
from whet.policy.head_chunks import UNIT, HeadSizes
from whet.policy.token_logprobs import token_logprobs


def inputs(tokens: int, dtype: torch.dtype = torch.float64, size: int = 6, vocabulary: int = 11) -> tuple[Tensor, ...]:
    random = torch.Generator().manual_seed(tokens)
    hidden = torch.randn(tokens, size, generator=random, dtype=torch.float64).to(dtype).requires_grad_()
    head = torch.randn(vocabulary, size, generator=random, dtype=torch.float64).to(dtype).requires_grad_()
    return hidden, head, torch.randint(0, vocabulary, (tokens,), generator=random)


def plain(hidden: Tensor, head: Tensor, targets: Tensor, temperature: float, cap: float | None = None) -> Tensor:
    logits = hidden @ head.T if cap is None else cap * torch.tanh(hidden @ head.T / cap)
    return (logits / temperature).log_softmax(-1)[torch.arange(len(targets)), targets]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "head_sizes", lambda *_: HeadSizes(3, 4))


@pytest.mark.parametrize("cap", [None, 1.3])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("tokens", [0, 1, UNIT - 1, UNIT, UNIT + 1, 2 * UNIT + 5])
def test_equals_log_softmax_and_gather_across_chunks(tokens: int, temperature: float, cap: float | None) -> None:
    hidden, head, targets = inputs(tokens)
    weights = torch.linspace(-1, 2, tokens, dtype=torch.float64)
    ours = token_logprobs(hidden, head, targets, temperature, cap)
    theirs = plain(hidden, head, targets, temperature, cap)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    gradients = torch.autograd.grad((ours * weights).sum(), (hidden, head))
    expected = torch.autograd.grad((theirs * weights).sum(), (hidden, head))
    torch.testing.assert_close(gradients, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("cap", [None, 2.0])
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_gradcheck(temperature: float, cap: float | None) -> None:
    """Of seven tokens the probabilities of three are kept."""
    hidden, head, targets = inputs(7)
    assert torch.autograd.gradcheck(lambda h, w: token_logprobs(h, w, targets, temperature, cap), (hidden, head))


@pytest.mark.usefixtures("small_chunks")
def test_never_are_the_logits_of_all_tokens_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = []

    def watched(hidden: Tensor, head: Tensor) -> Tensor:
        rows.append(len(hidden))
        return hidden @ head.T

    monkeypatch.setattr(head_probabilities, "linear", watched)
    hidden, head, targets = inputs(8)
    token_logprobs(hidden, head, targets).sum().backward()
    assert rows == [3, 3, 2, 3, 2]  # of the first three the probabilities are kept, the others are computed again


def test_what_is_kept_is_freed_by_the_backward(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result of a micro-batch outlives its backward; probabilities of gigabytes must not."""
    hidden, head, targets = inputs(600, torch.float32, size=6, vocabulary=1000)
    with LiveTensors() as live:
        logprobs = token_logprobs(hidden, head, targets)
        kept = live.now
        logprobs.sum().backward()
        assert kept - live.now > 0.9 * 600 * 1000 * 4 - 1000 * 6 * 4


def test_a_frozen_head_gets_no_gradient() -> None:
    """With LoRA the head does not learn, and its gradient is the largest tensor there is."""
    hidden, head, targets = inputs(5)
    head.requires_grad_(False)
    token_logprobs(hidden, head, targets).sum().backward()
    assert head.grad is None
    expected = torch.autograd.grad(plain(hidden, head, targets, 1.0).sum(), hidden)[0]
    assert hidden.grad is not None
    torch.testing.assert_close(hidden.grad, expected)


def test_bfloat16_is_widened_to_float32_before_the_softmax() -> None:
    hidden, head, targets = inputs(300, torch.bfloat16)
    logprobs = token_logprobs(hidden, head, targets, 0.8)
    assert logprobs.dtype == torch.float32
    logits = (hidden @ head.T).float() / 0.8  # the product rounds to bfloat16, nothing after it does
    expected = logits.double().log_softmax(-1)[torch.arange(300), targets]
    torch.testing.assert_close(logprobs.double(), expected, rtol=1e-5, atol=1e-5)
    logprobs.sum().backward()
    assert hidden.grad is not None
    assert head.grad is not None
    assert hidden.grad.dtype == head.grad.dtype == torch.bfloat16
    wide = [x.detach().double().requires_grad_() for x in (hidden, head)]
    plain(*wide, targets, 0.8).sum().backward()  # type: ignore[call-arg]
    for ours, theirs in ((hidden.grad, wide[0].grad), (head.grad, wide[1].grad)):
        assert theirs is not None
        assert (ours.double() - theirs).norm() < 0.02 * theirs.norm()


def test_a_likely_token_keeps_its_digits() -> None:
    """log p near 0 is the difference of two large numbers; float32 must not make it positive."""
    hidden = torch.tensor([[30.0]])
    head = torch.tensor([[1.0], [0.0]])
    assert token_logprobs(hidden, head, torch.tensor([0])).item() == pytest.approx(0.0, abs=1e-6)
    assert token_logprobs(hidden, head, torch.tensor([1])).item() == pytest.approx(-30.0, rel=1e-6)
