"""The attention kernel against products over whole prompts, in Triton's interpreter or on a GPU."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

import tiny
from stand_in_gpu import Recorder
from triton_kernels import DEVICE, needs_triton
from whet.rollout.call_size import CallLimits
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.gathered_cache import GatheredCache
from whet.rollout.engine.graphed_decoder import GraphedDecoder
from whet.rollout.engine.kv_cache import Room, all_angles
from whet.rollout.engine.operations import TORCH
from whet.rollout.engine.paged_cache import PagedCache
from whet.rollout.engine.paged_room import PagedRoom
from whet.rollout.engine.shared_cache import SharedCache
from whet.rollout.generate import generate
from whet.types import SamplingParams

LENGTHS = [140, 3]
ROOM = Room(prompts=2, rows_per_prompt=1, prompt_tokens=150, own_tokens=16)
PAGED = PagedRoom(rows=4, pages=12, prompt_pages=2, own_pages=4)
KINDS = {
    "grouped heads": ("llama", {"num_key_value_heads": 1}),
    "no power of two": ("qwen2", {"num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 24}),
    "a short window": ("mistral", {"sliding_window": 2, "num_key_value_heads": 1}),
    "a long window": ("mistral", {"sliding_window": 40, "num_key_value_heads": 1}),
    "soft caps": ("gemma2", {"num_key_value_heads": 1, "head_dim": 16}),
    "half turned": ("phi3", {"num_key_value_heads": 1}),
}


def shared(weights: Any, angles: Any) -> tuple[Any, Callable[[], None]]:
    cache = SharedCache(weights, ROOM, angles)
    cache.begin(torch.tensor(LENGTHS, device=DEVICE))
    return cache, lambda: None


def paged(kind: Any, weights: Any, angles: Any) -> tuple[Any, Callable[[], None]]:
    """With pages for the next token, given before each step."""
    cache: PagedCache = kind(weights, PAGED, angles)
    cache.begin(cache.host.begin(LENGTHS, 1).to(DEVICE))

    def before_step() -> None:
        cache.table_RC.copy_(cache.host.make_room(1, 600))
        cache.host.advance(1)

    return cache, before_step


def seen_by(made: tuple[Any, Callable[[], None]], weights: Any, steps: int) -> list[torch.Tensor]:
    """What every step's tokens see, in the first layer, after some steps: the same numbers for every cache."""
    generator = torch.Generator().manual_seed(0)

    def numbers(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator).to(DEVICE)

    cache, before_step = made
    heads, kv_heads, size = weights.heads, weights.kv_heads, weights.head_size
    cache.put(0, 0, numbers(2, 140, kv_heads, size), numbers(2, 140, kv_heads, size))
    found = []
    for _ in range(steps):
        before_step()
        step = cache.step()
        both = numbers(2, heads + 2 * kv_heads, size)  # one product's result, as in a decoder: strides are not dense
        found.append(cache.attend(0, weights.layers[0], both[:, : heads + kv_heads], both[:, heads + kv_heads :], step))
        cache.advance()
    return found


@needs_triton
@pytest.mark.parametrize("name", KINDS)
def test_what_tokens_see_is_what_products_give(name: str) -> None:
    """Prompts of more than one page and of a few tokens; own tokens from none to four."""
    from whet.rollout.engine.triton_cache import TritonCache

    family, changes = KINDS[name]
    weights = fuse(tiny.tiny_model(family, **changes).to(DEVICE))
    angles = all_angles(weights, 800)
    expected = seen_by(shared(weights, angles), weights, 5)
    found = seen_by(paged(TritonCache, weights, angles), weights, 5)
    for step, (theirs, ours) in enumerate(zip(expected, found, strict=True)):
        torch.testing.assert_close(
            ours, theirs, rtol=1e-4, atol=1e-5, msg=lambda text, step=step: f"step {step}: {text}"
        )


@needs_triton
@pytest.mark.parametrize("name", ["grouped heads", "a long window"])
def test_rows_of_unequal_lengths_and_places_without_a_row(name: str) -> None:
    """Rows in places 2, 0 and 3, with own tokens over two pages, with some and with none; place 1 is empty."""
    from whet.rollout.engine.triton_cache import TritonCache

    family, changes = KINDS[name]
    weights = fuse(tiny.tiny_model(family, **changes).to(DEVICE))
    angles = all_angles(weights, 800)
    heads, kv_heads, size = weights.heads, weights.kv_heads, weights.head_size
    found, pools = [], []
    for kind in (GatheredCache, TritonCache):
        cache = kind(weights, PAGED, angles)
        generator = torch.Generator().manual_seed(3)
        for pool in (cache.keys[0], cache.values[0]):
            pool.copy_(torch.randn(pool.shape, generator=generator))
        cache.host.begin([200, 7], 2)
        cache.host.keep([0, 2, 3])
        for row, stored in zip(cache.host.rows, (130, 5, 0), strict=True):
            row.stored = stored
        cache.table_RC.copy_(cache.host.make_room(8, 600))
        both = torch.randn(4, heads + 2 * kv_heads, size, generator=generator).to(DEVICE)
        step = cache.step()
        found.append(cache.attend(0, weights.layers[0], both[:, : heads + kv_heads], both[:, heads + kv_heads :], step))
        pools.append(cache.keys[0][1:])  # the first page is scrap
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(pools[1], pools[0], rtol=1e-5, atol=1e-6)
    assert found[1].isfinite().all()


@needs_triton
def test_refilled_rows_say_what_the_plain_decoder_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six rows in two places, the kernel in every step; bursts of two, as each step takes the interpreter long."""
    from whet.rollout.engine.triton_cache import TritonCache

    monkeypatch.setattr(GraphedDecoder, "burst_tokens", 2)
    weights = fuse(tiny.tiny_model("gemma3", num_key_value_heads=1).to(DEVICE))
    engines = GraphedDecoder(weights, replace(TORCH, pages=TritonCache), Recorder()), Decoder(weights)
    prompts = [[5, 9, 33, 60, 71, 8, 4, 5, 5, 5, 5, 5, 5, 5, 30 + number] for number in range(6)]
    found = []
    for engine in engines:
        rows: list[list[int]] = [[] for _ in prompts]
        params, ends, limits = SamplingParams(max_tokens=7), frozenset(range(2, 24)), CallLimits(2)
        for drawn in generate(engine, prompts, torch.arange(6) * 1009, params, ends, limits):
            for row, token in zip(drawn.rows, drawn.tokens, strict=True):
                rows[row].append(token)
        found.append(rows)
    assert found[0] == found[1]
    assert len({len(row) for row in found[0]}) > 2
