"""The table of operations, and that the host gets copies."""

import torch

from triton_kernels import needs_triton
from whet.rollout.engine.gathered_cache import GatheredCache
from whet.rollout.engine.operations import BY_DEVICE, TORCH, TORCH_ON_GPU, at_once, triton_operations
from whet.rollout.engine.shared_cache import SharedCache
from whet.rollout.rng import uniforms
from whet.rollout.sampling import draw, draw_by_counter
from whet.types import SamplingParams


def test_every_device_has_a_row() -> None:
    assert BY_DEVICE == {"cpu": TORCH, "cuda": TORCH_ON_GPU}
    assert TORCH.cache is TORCH_ON_GPU.cache is SharedCache
    assert TORCH.pages is TORCH_ON_GPU.pages is GatheredCache


def test_drawing_by_counter_is_drawing_at_its_numbers() -> None:
    logits_RV, keys_R = torch.randn(4, 50), torch.tensor([3, 1, 4, 1])
    found = draw_by_counter(logits_RV, keys_R, torch.full((4,), 9), SamplingParams())
    expected = draw(logits_RV, uniforms(keys_R, torch.full((4,), 9)), SamplingParams())
    assert all(map(torch.equal, found, expected))


def test_what_was_fetched_stays() -> None:
    tensor = torch.tensor([1, 2])
    fetched = at_once([tensor])
    tensor.zero_()
    assert fetched()[0].tolist() == [1, 2]


@needs_triton
def test_tritons_row() -> None:
    from whet.rollout.engine.triton_block import triton_add_norm, triton_gate
    from whet.rollout.engine.triton_cache import TritonCache
    from whet.rollout.engine.triton_draw import triton_draw

    found = triton_operations()
    assert (found.pages, found.draw) == (TritonCache, triton_draw)
    assert (found.add_norm, found.gate) == (triton_add_norm, triton_gate)
