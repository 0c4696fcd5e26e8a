"""The draw kernels against PyTorch's draw on the CPU: the same number gives the same token."""

import pytest
import torch

from triton_kernels import DEVICE, needs_triton
from whet.rollout.sampling import draw_by_counter
from whet.types import SamplingParams

HOWS = [SamplingParams(1.0), SamplingParams(0.7), SamplingParams(0.0), SamplingParams(0.8, 0.9)]


def inputs(rows: int, vocabulary: int, spread: float = 2.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(vocabulary)
    logits_RV = spread * torch.randn(rows, vocabulary, generator=generator)
    keys_R = torch.randint(-(2**62), 2**62, (rows,), generator=generator)
    return logits_RV, keys_R, torch.arange(rows) % 5


@needs_triton
@pytest.mark.parametrize("how", HOWS, ids=str)
@pytest.mark.parametrize("vocabulary", [1, 100, 1024, 2500])
def test_the_same_tokens_as_on_a_cpu(how: SamplingParams, vocabulary: int) -> None:
    from whet.rollout.engine.triton_draw import triton_draw

    given = inputs(12, vocabulary)
    expected, found = draw_by_counter(*given, how), triton_draw(*(x.to(DEVICE) for x in given), how)
    assert found[0].tolist() == expected[0].tolist()
    torch.testing.assert_close(found[1].cpu(), expected[1], rtol=1e-5, atol=5e-6)


@needs_triton
def test_impossible_tokens_are_never_drawn() -> None:
    """Whole parts of the vocabulary are impossible, at either end and in between."""
    from whet.rollout.engine.triton_draw import triton_draw

    logits_RV, keys_R, position_R = inputs(12, 5000)
    possible = torch.tensor([1500, 1501, 3000])
    logits = torch.full_like(logits_RV, -torch.inf)
    logits[:, possible] = logits_RV[:, possible]
    tokens_R, logprobs_R = triton_draw(*(x.to(DEVICE) for x in (logits, keys_R, position_R)), SamplingParams())
    assert set(tokens_R.tolist()) <= set(possible.tolist())
    assert logprobs_R.isfinite().all()
    assert tokens_R.tolist() == draw_by_counter(logits, keys_R, position_R, SamplingParams())[0].tolist()


@needs_triton
def test_of_equal_logits_the_first_is_the_likeliest() -> None:
    from whet.rollout.engine.triton_draw import triton_draw

    logits = torch.zeros(2, 3000, device=DEVICE)
    logits[1, [1100, 2900]] = 1.0
    zeros = torch.zeros(2, dtype=torch.long, device=DEVICE)
    assert triton_draw(logits, zeros, zeros, SamplingParams(0.0))[0].tolist() == [0, 1100]
