"""Recorded bursts against the plain decoder; the life of rooms and graphs, with a recorder that replays on a CPU."""

import gc
import weakref
from typing import Any

import pytest
import torch

import tiny
from stand_in_gpu import Recorder, addresses
from whet.rollout.burst import Engine
from whet.rollout.engine import graphed_decoder
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.fused_weights import tensors_of
from whet.rollout.engine.graphed_decoder import GraphedDecoder
from whet.rollout.engine.operations import TORCH
from whet.rollout.generate import generate
from whet.types import SamplingParams

PROMPTS = [[5, 9, 33, 60, 71, 8, 4], [44], [12, 90, 17]]
ENDS = frozenset({2, *range(10, 24)})


def graphed(model: Any, recorder: Recorder | None = None) -> GraphedDecoder:
    return GraphedDecoder(fuse(model), TORCH, recorder or Recorder())


def drawn(engine: Engine, longest: int, temperature: float = 1.0, prompts: list[list[int]] = PROMPTS) -> list[Any]:
    """Two rows of each prompt: tokens and log-probabilities by row."""
    rows: list[list[tuple[int, float]]] = [[] for _ in range(2 * len(prompts))]
    keys = torch.arange(len(rows)) * 1009
    for each in generate(engine, prompts, keys, SamplingParams(temperature, max_tokens=longest), ENDS):
        for row, *what in zip(each.rows, each.tokens, each.logprobs, strict=True):
            rows[row].append(tuple(what))
    return rows


def same(found: list[Any], expected: list[Any]) -> None:
    assert [[token for token, _ in row] for row in found] == [[token for token, _ in row] for row in expected]
    for one, other in zip(found, expected, strict=True):
        assert [p for _, p in one] == pytest.approx([p for _, p in other], abs=1e-5)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_the_same_rows_as_the_plain_decoder(family: str) -> None:
    model = tiny.tiny_model(family)
    same(drawn(graphed(model), 40), drawn(Decoder(fuse(model)), 40))


@pytest.mark.parametrize("longest", [1, 2, 8, 9, 10, 64, 65, 70])
def test_the_same_rows_whatever_the_limit(longest: int) -> None:
    """Also where the last burst goes past it."""
    model = tiny.tiny_model()
    same(drawn(graphed(model), longest, 0.5), drawn(Decoder(fuse(model)), longest, 0.5))


def test_a_burst_is_recorded_once_over_many_steps_of_a_training() -> None:
    """Prompts and limits differ, but round up to the same room; weights are copied in place."""
    model, recorder = tiny.tiny_model(), Recorder()
    engine = graphed(model, recorder)
    for step in range(5):
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(1.01)
        engine.refresh(model)
        prompts = [prompt[: len(prompt) - step % 2] or prompt for prompt in PROMPTS]
        same(drawn(engine, 40 + step, prompts=prompts), drawn(Decoder(fuse(model)), 40 + step, prompts=prompts))
    assert recorder.recorded == 2  # the burst, and the copies of the weights
    assert len(engine.rooms) == 1


def test_nothing_moves_between_steps() -> None:
    """A replayed burst works on the addresses that it was recorded with, and sees new weights there."""
    model = tiny.tiny_model("gemma3")
    engine = graphed(model)
    before = drawn(engine, 20)
    (kept,) = engine.rooms.values()
    caches = [t for layer in kept.cache.layers for t in (layer.own_keys, layer.own_values, layer.prompt_keys)]  # type: ignore[attr-defined]
    state = [kept.burst.tokens_R, kept.burst.keys_R, kept.burst.tokens_NR, kept.cache.position_R, kept.cache.slot]
    lying = addresses([*tensors_of(engine.weights), *caches, *state])
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight.mul_(-1)
    engine.refresh(model)
    after = drawn(engine, 20)
    assert [row[0][1] for row in after] != [row[0][1] for row in before]
    caches = [t for layer in kept.cache.layers for t in (layer.own_keys, layer.own_values, layer.prompt_keys)]  # type: ignore[attr-defined]
    assert addresses([*tensors_of(engine.weights), *caches, *state]) == lying


def test_other_parameters_are_recorded_in_the_same_room() -> None:
    recorder = Recorder()
    engine = graphed(tiny.tiny_model(), recorder)
    for temperature in (1.0, 0.5, 1.0, 0.0, 0.5):
        drawn(engine, 20, temperature)
    assert (recorder.recorded, len(engine.rooms)) == (3, 1)


def test_rooms_are_rounded_up_and_the_smallest_that_fits_is_taken() -> None:
    engine = graphed(tiny.tiny_model())
    drawn(engine, 70)
    drawn(engine, 20)
    assert sorted((room.prompt_tokens, room.own_tokens) for room in engine.rooms) == [(64, 128)]
    drawn(engine, 20, prompts=[[5] * 65, [6]])
    assert sorted((room.prompts, room.prompt_tokens, room.own_tokens) for room in engine.rooms) == [
        (2, 128, 64),
        (3, 64, 128),
    ]


def test_too_many_rooms_are_dropped_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch 2.12 frees a workspace that all graphs of a stream use with the first that goes."""
    monkeypatch.setattr(graphed_decoder, "MOST_ROOMS", 2)
    engine = graphed(tiny.tiny_model())
    for count in (1, 2):
        drawn(engine, 9, prompts=PROMPTS[:count])
    old = [weakref.ref(kept.burst.keys_R) for kept in engine.rooms.values()]
    drawn(engine, 9)
    gc.collect()
    assert [one() for one in old] == [None, None]
    assert len(engine.rooms) == 1


def test_what_is_forgotten_is_free() -> None:
    engine = graphed(tiny.tiny_model())
    drawn(engine, 20)
    held = [weakref.ref(x) for kept in engine.rooms.values() for x in (kept.burst.keys_R, kept.cache.position_R)]
    before = engine.bytes
    engine.forget()
    gc.collect()
    assert [one() for one in held] == [None] * len(held)
    # two layers, keys and values of two heads of eight float32 numbers, for 3 · 64 + 6 · 64 tokens
    assert before - engine.bytes == 2 * 2 * 2 * 8 * 4 * (3 * 64 + 6 * 64)
    drawn(engine, 20)


def test_a_room_that_does_not_fit_beside_the_others_takes_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.tiny_model()
    engine, real = graphed(model), GraphedDecoder._new_room
    drawn(engine, 20)

    def tight(self: GraphedDecoder, room: Any) -> Any:
        if self.rooms:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, room)

    monkeypatch.setattr(GraphedDecoder, "_new_room", tight)
    same(drawn(engine, 100), drawn(Decoder(fuse(model)), 100))
    assert [room.own_tokens for room in engine.rooms] == [128]


def test_rooms_that_are_there_count_as_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else each step would find less memory than the last, and record anew for fewer rows."""
    engine = graphed(tiny.tiny_model())
    assert engine.held_bytes == 0
    drawn(engine, 20)
    assert engine.held_bytes == 2 * 2 * 2 * 8 * 4 * (3 * 64 + 6 * 64)


def test_inference_mode_is_not_used() -> None:
    """A random state first recorded there could be recorded nowhere else."""
    with graphed(tiny.tiny_model()).no_gradient():
        assert not torch.is_inference_mode_enabled()
        assert not torch.is_grad_enabled()
