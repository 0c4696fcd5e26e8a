"""The kernel of the head's softmax against float64, alone and in the learner's head."""

from typing import Any

import pytest
import torch
from torch import Tensor

from triton_kernels import DEVICE, needs_triton
from whet.policy import head_ways
from whet.policy import token_logprobs as module
from whet.policy.head_chunks import HeadSizes
from whet.policy.token_logprobs import token_logprobs


def logits_of(rows: int, vocabulary: int, dtype: torch.dtype, spread: float = 3.0) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(vocabulary)
    logits = spread * torch.randn(rows, vocabulary, generator=random)
    return logits.to(DEVICE, dtype), torch.randint(0, vocabulary, (rows,), generator=random).to(DEVICE)


def expected_of(logits: Tensor, targets: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    logprobs = (logits.double() / temperature).log_softmax(-1)
    return logprobs.gather(-1, targets[:, None])[:, 0], logprobs.exp()


@needs_triton
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("vocabulary", [1, 100, 4096, 9001])
def test_log_probabilities_and_probabilities(vocabulary: int, temperature: float, dtype: torch.dtype) -> None:
    from whet.policy.triton_softmax import softmax_in_place

    logits, targets = logits_of(5, vocabulary, dtype)
    expected, shares = expected_of(logits, targets, temperature)
    found = softmax_in_place(logits, targets, temperature)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    # half a digit; the interpreter cuts bfloat16 off where a GPU rounds
    digit = {torch.bfloat16: 2**-8 if DEVICE.type == "cuda" else 2**-7, torch.float16: 2**-10}.get(dtype, 1e-5)
    torch.testing.assert_close(logits.double(), shares, rtol=digit, atol=1e-7)


@needs_triton
def test_logits_stay_where_no_probabilities_are_asked_for() -> None:
    from whet.policy.triton_softmax import softmax_in_place

    logits, targets = logits_of(3, 5000, torch.bfloat16)
    before = logits.clone()
    expected, _ = expected_of(logits, targets, 1.0)
    torch.testing.assert_close(
        softmax_in_place(logits, targets, 1.0, write=False).double(), expected, rtol=1e-5, atol=1e-5
    )
    assert torch.equal(logits, before)


@needs_triton
def test_neither_huge_nor_impossible_logits_nor_others_between_the_rows_matter() -> None:
    """A first block without any possible token; logits whose exponential overflows; rows of a wider tensor."""
    from whet.policy.triton_softmax import softmax_in_place

    wide, targets = logits_of(3, 9000, torch.float32, spread=1000.0)
    wide[0, :5000] = -torch.inf
    targets[0] = 7000
    logits, rest = wide[:, :8191], wide[:, 8191:].clone()
    targets.clamp_(max=8190)
    expected, shares = expected_of(logits, targets, 1.0)
    found = softmax_in_place(logits, targets, 1.0)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(logits.double(), shares, rtol=1e-3, atol=1e-7)
    assert torch.equal(wide[:, 8191:], rest)


@needs_triton
def test_what_is_no_number_is_told() -> None:
    from whet.policy.triton_softmax import softmax_in_place

    logits, targets = logits_of(2, 100, torch.bfloat16)
    logits[1, 50] = torch.nan
    assert softmax_in_place(logits, targets, 1.0).isnan().tolist() == [False, True]


@needs_triton
@pytest.mark.parametrize("sizes", [HeadSizes(3, 4), HeadSizes(3, 0), HeadSizes(4, 100)], ids=["some", "none", "all"])
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_the_head_with_it(sizes: HeadSizes, temperature: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of seven tokens the probabilities of some, none or all are kept; float32 against float64 written out."""
    monkeypatch.setattr(head_ways, "SERVES", {DEVICE.type: lambda device, dtype: True})
    monkeypatch.setattr(module, "head_sizes", lambda *_: sizes)
    random = torch.Generator().manual_seed(1)
    hidden, head = (torch.randn(n, 6, generator=random).to(DEVICE).requires_grad_() for n in (7, 50))
    targets = torch.randint(0, 50, (7,), generator=random).to(DEVICE)
    weights = torch.linspace(-1, 2, 7).to(DEVICE)
    ours = token_logprobs(hidden, head, targets, temperature)
    found = torch.autograd.grad((ours * weights).sum(), (hidden, head))
    wide = [x.detach().double().requires_grad_() for x in (hidden, head)]
    theirs, _ = expected_of(wide[0] @ wide[1].T, targets, temperature)
    torch.testing.assert_close(ours.double(), theirs, rtol=1e-5, atol=1e-5)
    for one, other in zip(found, torch.autograd.grad((theirs * weights).sum(), wide), strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(token_logprobs(hidden, head, targets, temperature), ours)


@needs_triton
def test_a_kernel_that_does_not_work_is_not_used_and_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from whet.policy import triton_softmax

    def broken(*given: Any, **named: Any) -> None:
        raise RuntimeError("no compiler\nanywhere")

    triton_softmax.softmax_works.cache_clear()
    try:
        assert triton_softmax.softmax_works(DEVICE, torch.bfloat16)
        triton_softmax.softmax_works.cache_clear()
        monkeypatch.setattr(triton_softmax, "softmax_in_place", broken)
        assert not triton_softmax.softmax_works(DEVICE, torch.bfloat16)
        assert not triton_softmax.softmax_works(DEVICE, torch.bfloat16)
    finally:
        triton_softmax.softmax_works.cache_clear()
    assert [line.getMessage() for line in caplog.records] == [
        "the head's softmax goes through PyTorch, as Triton's kernel does not work here: RuntimeError: no compiler"
    ]
