"""What a GPU must never be asked, on stand-ins: to wait for the host, to mix devices, to start too many kernels."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

import tiny
from stand_in_gpu import ON_META, Launches, OneDevice, Recorder
from triton_kernels import needs_triton
from whet.rollout.burst import Burst
from whet.rollout.call_size import CallLimits
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.graphed_decoder import GraphedDecoder
from whet.rollout.engine.operations import TORCH, Operations, triton_operations
from whet.rollout.sampling import draw_by_counter
from whet.types import SamplingParams

ROTATIONS = {
    "default": {},
    "linear": {"factor": 4.0},
    "llama3": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64},
    "yarn": {"factor": 4.0, "original_max_position_embeddings": 64},
}
PROMPTS = [[5, 9, 33], [44]]


def on_meta(make: Callable[[], Any]) -> Any:
    """A model whose numbers nobody can read."""
    return make().to("meta")


def bursts_on_meta(model: Any, params: SamplingParams) -> Burst:
    """Starts, draws a first token and a burst, refills, and draws another, with end tokens."""
    engine = GraphedDecoder(fuse(model), ON_META, Recorder())
    engine.reserve(CallLimits(4), [3, 1], 2, 20)
    with engine.no_gradient(), OneDevice():
        burst = begun(engine, None, engine.start(PROMPTS, 2, 20), params)
        engine.further(burst, 8)
        burst.fetched(8)
        engine.refresh(model)
        engine.keep([2, 3])
        burst.keep([2, 3])
        burst = begun(engine, burst, engine.join(PROMPTS[1:], 2, 20), params)
        engine.further(burst, 8)
    return burst


def begun(engine: GraphedDecoder, burst: Burst | None, logits_RV: torch.Tensor, params: SamplingParams) -> Burst:
    """The first tokens of new rows."""
    new = engine.new_burst(len(logits_RV))
    new.begin(torch.arange(len(logits_RV)), params, frozenset({1, 2}))
    new.take(logits_RV)
    return engine.joined(burst, new)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_a_burst_never_waits_for_the_host_nor_mixes_devices(family: str) -> None:
    burst = bursts_on_meta(on_meta(lambda: tiny.tiny_model(family)), SamplingParams())
    assert burst.tokens_NR.is_meta
    assert burst.tokens_NR.shape == (8, 8)


@pytest.mark.parametrize("rope_type", ROTATIONS)
def test_neither_with_any_kind_of_rotation(rope_type: str) -> None:
    rope = {"rope_type": rope_type, "rope_theta": 10_000.0, **ROTATIONS[rope_type]}
    bursts_on_meta(on_meta(lambda: tiny.tiny_model(rope_parameters=rope)), SamplingParams())


@pytest.mark.parametrize("params", [SamplingParams(0.7), SamplingParams(0.0), SamplingParams(0.7, 0.9)], ids=str)
def test_neither_with_any_way_to_draw(params: SamplingParams) -> None:
    bursts_on_meta(on_meta(tiny.tiny_model), params)


def test_the_stand_in_notices() -> None:
    """Or else the tests above would show nothing."""
    meta, host = torch.zeros(3, device="meta"), torch.zeros(3)
    with pytest.raises(AssertionError, match="mixes devices"), OneDevice():
        torch.nn.functional.linear(meta, torch.zeros(2, 3))
    with pytest.raises(RuntimeError), OneDevice():
        meta.sum().item()
    with OneDevice():
        meta.copy_(host)


def step_launches(layers: int) -> Counter[str]:
    """Operations of a decoding step with so many layers."""
    decoder = Decoder(fuse(tiny.tiny_model("qwen2", num_hidden_layers=layers)))
    decoder.no_gradient = torch.no_grad  # type: ignore[method-assign]
    decoder.start(PROMPTS, 2, 20)
    decoder.advance(torch.tensor([4, 5, 6, 7]))
    with torch.no_grad(), Launches() as seen:
        decoder._forward(decoder.cache, torch.tensor([4, 5, 6, 7]))
    return seen.counts


def recorded_launches(layers: int, operations: Operations = TORCH) -> Counter[str]:
    """Operations of a step that is recorded."""
    engine = GraphedDecoder(fuse(tiny.tiny_model("qwen2", num_hidden_layers=layers)), operations, Recorder())
    engine.reserve(CallLimits(4), [3, 1], 2, 20)
    engine.start(PROMPTS, 2, 20)
    with torch.no_grad(), Launches() as seen:
        engine._forward(engine.kept.cache, torch.tensor([4, 5, 6, 7]))
    return seen.counts


def by_layer(launches: Callable[[int], Counter[str]]) -> tuple[Counter[str], int]:
    """Operations of a layer, and how many there are besides."""
    two, three = launches(2), launches(3)
    return three - two, two.total() - 2 * (three - two).total()


def test_kernels_of_a_layer() -> None:
    """Ceilings that only go down. Each of a layer's two norms is 5 operations here, and 1 on a GPU."""
    layer, rest = by_layer(step_launches)
    assert layer.total() <= 40
    assert layer["bmm"] <= 4
    assert layer["mm"] + layer["addmm"] <= 4
    assert rest <= 21


def test_kernels_of_a_layer_whose_pages_are_gathered() -> None:
    layer, rest = by_layer(recorded_launches)
    assert layer.total() <= 46
    assert layer["bmm"] <= 4
    assert rest <= 40


class Uncounted:
    """Stands for a Triton kernel, which is not PyTorch's to count."""

    def __getitem__(self, grid: tuple[int, ...]) -> Callable[..., None]:
        return lambda *tensors, **constants: None


@needs_triton
def test_kernels_of_a_layer_beside_tritons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four products beside attention, two sums with their norms and a gate."""
    from whet.rollout.engine import triton_block, triton_cache

    monkeypatch.setattr(triton_cache, "attend_kernel", Uncounted())
    for kernel in ("add_norm", "gate"):
        monkeypatch.setattr(triton_block, f"{kernel}_kernel", Uncounted())
    operations = replace(triton_operations(), send=TORCH.send)
    layer, rest = by_layer(lambda layers: recorded_launches(layers, operations))
    assert layer.total() == layer["mm"] + layer["addmm"] == 4
    assert rest <= 10


def test_kernels_of_a_draw() -> None:
    """With PyTorch's operations, random numbers included; Triton's are two."""
    logits_RV, keys_R = torch.zeros(8, 1000, dtype=torch.bfloat16), torch.arange(8)
    with torch.no_grad(), Launches() as seen:
        draw_by_counter(logits_RV, keys_R, keys_R, SamplingParams())
    assert seen.counts.total() <= 48


def test_kernels_of_what_is_written_down() -> None:
    """Of a token of every row, beside its draw: five copies, the end test, and two counters."""
    burst = Burst(8, 8, torch.device("cpu"), TORCH)
    burst.begin(torch.arange(8), SamplingParams(), frozenset({1, 2}))
    logits_RV = torch.zeros(8, 100)
    with torch.no_grad(), Launches() as drawn:
        draw_by_counter(logits_RV, burst.keys_R, burst.position_R, burst.params)
    with torch.no_grad(), Launches() as seen:
        burst.take(logits_RV)
    assert seen.counts.total() - drawn.counts.total() <= 9
