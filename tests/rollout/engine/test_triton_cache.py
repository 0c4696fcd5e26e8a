"""The attention kernel against products over whole prompts, in Triton's interpreter or on a GPU."""

from typing import Any

import pytest
import torch

import tiny
from triton_kernels import DEVICE, needs_triton
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.kv_cache import Room, all_angles
from whet.rollout.engine.shared_cache import SharedCache

LENGTHS = [70, 3]
ROOM = Room(prompts=2, rows_per_prompt=1, prompt_tokens=80, own_tokens=16)


def seen_by(cache: Any, weights: Any, steps: int) -> list[torch.Tensor]:
    """What every step's tokens see, in the first layer, after some steps: the same numbers for every cache."""
    generator = torch.Generator().manual_seed(0)

    def numbers(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator).to(DEVICE)

    heads, kv_heads, size = weights.heads, weights.kv_heads, weights.head_size
    cache.begin(torch.tensor(LENGTHS, device=DEVICE))
    cache.put(0, 0, numbers(2, 70, kv_heads, size), numbers(2, 70, kv_heads, size))
    found = []
    for _ in range(steps):
        step = cache.step()
        both = numbers(2, heads + 2 * kv_heads, size)  # one product's result, as in a decoder: strides are not dense
        found.append(cache.attend(0, weights.layers[0], both[:, : heads + kv_heads], both[:, heads + kv_heads :], step))
        cache.advance()
    return found


@needs_triton
@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("llama", {"num_key_value_heads": 1}),
        ("qwen2", {"num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 24}),
        ("mistral", {"sliding_window": 2, "num_key_value_heads": 1}),
        ("mistral", {"sliding_window": 40, "num_key_value_heads": 1}),
        ("gemma2", {"num_key_value_heads": 1, "head_dim": 16}),
        ("phi3", {"num_key_value_heads": 1}),
    ],
    ids=[
        "grouped heads",
        "no power of two",
        "a short window",
        "a long window",
        "soft caps",
        "half turned",
    ],
)
def test_what_tokens_see_is_what_products_give(family: str, changes: dict[str, Any]) -> None:
    """Prompts of more than one block and of a few tokens; own tokens from none to four."""
    from whet.rollout.engine.triton_cache import TritonCache

    weights = fuse(tiny.tiny_model(family, **changes).to(DEVICE))
    angles = all_angles(weights, 96)
    caches = [kind(weights, ROOM, angles) for kind in (SharedCache, TritonCache)]
    expected, found = (seen_by(cache, weights, 5) for cache in caches)
    for step, (theirs, ours) in enumerate(zip(expected, found, strict=True)):
        torch.testing.assert_close(
            ours, theirs, rtol=1e-4, atol=1e-5, msg=lambda text, step=step: f"step {step}: {text}"
        )


@needs_triton
def test_rows_are_dropped_and_room_grows() -> None:
    from whet.rollout.engine.triton_cache import TritonCache

    weights = fuse(tiny.tiny_model().to(DEVICE))
    cache = TritonCache(weights, Room(2, 3, 8, 0), all_angles(weights, 32))
    cache.begin(torch.tensor([8, 2], device=DEVICE))
    cache.make_room(4, 32)
    assert (cache.own_tokens, cache.own[0].shape) == (4, (6, 2, 4, 8))
    cache.keep(torch.tensor([1, 3, 5], device=DEVICE))
    assert cache.prompt_R.tolist() == [0, 1, 1]
    assert cache.position_R.tolist() == [8, 2, 2]
    assert cache.own[3].shape == (3, 2, 4, 8)
