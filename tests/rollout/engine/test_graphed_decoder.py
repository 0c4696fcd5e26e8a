"""Recorded bursts against the plain decoder; the life of pages and graphs, with a recorder that replays on a CPU."""

import gc
import weakref
from typing import Any

import pytest
import torch

import tiny
from stand_in_gpu import Recorder, addresses
from whet.rollout.burst import DRAWN, STATE, Engine
from whet.rollout.call_size import CallLimits, OutOfMemoryError, SampleBytes
from whet.rollout.engine import gathered_cache, graphed_decoder, paged_cache, paged_room
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


def drawn(
    engine: Engine,
    longest: int,
    temperature: float = 1.0,
    prompts: list[list[int]] = PROMPTS,
    limits: CallLimits | None = None,
    again: list[int] | None = None,
) -> list[Any]:
    """Two rows of each prompt: tokens and log-probabilities by row; `again` gets those that begin again."""
    rows: list[list[tuple[int, float]]] = [[] for _ in range(2 * len(prompts))]
    keys = torch.arange(len(rows)) * 1009
    for each in generate(engine, prompts, keys, SamplingParams(temperature, max_tokens=longest), ENDS, limits):
        for row in each.again:
            rows[row].clear()
            if again is not None:
                again.append(row)
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


def lying(engine: GraphedDecoder) -> list[int]:
    """Where everything is that a graph reads and writes."""
    cache, burst = engine.kept.cache, engine.kept.burst
    state = [getattr(burst, name) for name in (*STATE, *DRAWN)]
    return addresses([*tensors_of(engine.weights), *cache.keys, *cache.values, cache.table_RC, *state])


def test_nothing_moves_between_steps() -> None:
    """A replayed burst works on the addresses that it was recorded with, and sees new weights there."""
    model = tiny.tiny_model("gemma3")
    engine = graphed(model)
    before = drawn(engine, 20)
    there = lying(engine)
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight.mul_(-1)
    engine.refresh(model)
    after = drawn(engine, 20, limits=CallLimits(4))
    assert [row[0][1] for row in after] != [row[0][1] for row in before]
    assert lying(engine) == there


MANY = [[*PROMPTS[number % 3], 30 + number] for number in range(12)]


FEW, SOME, MOST = 2, 6, 20
"""Places for 24 rows. All families with all of them take half a minute, and are run by `make test-long`."""


@pytest.mark.parametrize(
    ("family", "rows"),
    [
        pytest.param(family, rows, marks=() if rows == SOME or family == "gemma3" else pytest.mark.slow)
        for family in tiny.FAMILIES
        for rows in (FEW, SOME, MOST)
    ],
)
def test_rows_that_take_the_places_of_others_are_the_same(family: str, rows: int, joins: list[int]) -> None:
    """24 rows in fewer places, past sliding windows: tokens do not depend on when a row began, or where it lies."""
    model, recorder = tiny.tiny_model(family), Recorder()
    found = drawn(graphed(model, recorder), 40, prompts=MANY, limits=CallLimits(rows))
    same(found, drawn(Decoder(fuse(model)), 40, prompts=MANY))
    assert bool(joins) == (rows > FEW)
    assert recorder.recorded <= 2


def test_rows_whose_pages_run_out_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of four tokens. A row of 40 may take ten pages, so that at first few rows begin; those that end early make
    the others be expected short, and more begin than there are pages for."""
    small_pages(monkeypatch)
    model, again = tiny.tiny_model(), []  # type: ignore[var-annotated]
    engine = graphed(model)
    limits = CallLimits(24, bytes=256 * 4 * 24, size=SampleBytes(256, 0))
    found = drawn(engine, 40, 1.0, MANY, limits, again)
    same(found, drawn(Decoder(fuse(model)), 40, prompts=MANY))
    assert again
    table = engine.kept.cache.host
    table.clear()
    assert len(table.free_pages) == engine.kept.cache.room.pages - 1 == 24


@pytest.mark.parametrize("bytes_", [1, 256 * 4 * 30, 256 * 4 * 55, 256 * 4 * 90])
@pytest.mark.parametrize("longest", [9, 40])
def test_pages_never_run_out_unforeseen(bytes_: int, longest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted before a burst covers what the table then takes."""
    small_pages(monkeypatch)
    model = tiny.tiny_model()
    limits = CallLimits(16, bytes=bytes_, size=SampleBytes(256, 0))
    same(
        drawn(graphed(model), longest, prompts=MANY, limits=limits),
        drawn(Decoder(fuse(model)), longest, prompts=MANY),
    )


def test_lengths_and_not_the_limit_decide_how_many_rows_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """24 pages of four tokens hold two rows of 40 with their prompt, and many more of the few tokens that rows have."""
    small_pages(monkeypatch)
    rows: list[int] = []
    real = GraphedDecoder.further

    def further(self: GraphedDecoder, burst: Any, count: int) -> None:
        rows.append(len(self.kept.cache.host.rows))
        real(self, burst, count)

    monkeypatch.setattr(GraphedDecoder, "further", further)
    limits = CallLimits(24, bytes=256 * 4 * 24, size=SampleBytes(256, 0))
    drawn(graphed(tiny.tiny_model()), 40, prompts=MANY, limits=limits)
    assert rows[0] == 2
    assert max(rows) >= 6


@pytest.mark.parametrize("failing", ["_made", "_first_logits"])
def test_out_of_memory_says_for_how_many_rows(failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether pages do not fit, or what prompts are read with. Afterwards fewer rows are sampled."""

    def out(*what: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    engine = graphed(tiny.tiny_model())
    with monkeypatch.context() as patched:
        patched.setattr(GraphedDecoder, failing, out)
        with pytest.raises(OutOfMemoryError, match="sampling 6 rows"):
            drawn(engine, 20)
    engine.forget()
    same(drawn(engine, 20, limits=CallLimits(2)), drawn(Decoder(engine.weights), 20))


def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of four tokens."""
    for module in (paged_room, paged_cache, gathered_cache, graphed_decoder):
        monkeypatch.setattr(module, "PAGE", 4)


@pytest.fixture
def joins(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The prompts of each join after a start."""
    found: list[int] = []
    real = GraphedDecoder.join

    def join(self: GraphedDecoder, prompts: Any, *more: Any) -> Any:
        if self.kept.cache.host.rows:
            found.append(len(prompts))
        return real(self, prompts, *more)

    monkeypatch.setattr(GraphedDecoder, "join", join)
    return found


def test_other_parameters_are_recorded_in_the_same_room() -> None:
    recorder = Recorder()
    engine = graphed(tiny.tiny_model(), recorder)
    for temperature in (1.0, 0.5, 1.0, 0.0, 0.5):
        drawn(engine, 20, temperature)
    assert recorder.recorded == 3


def test_graphs_of_many_parameters_are_dropped_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is served may ask for any temperature; the copies of the weights go with the bursts."""
    monkeypatch.setattr(graphed_decoder, "MOST_GRAPHS", 2)
    model = tiny.tiny_model()
    engine = graphed(model)
    engine.refresh(model)
    for temperature, recorded in ((1.0, 1), (0.5, 2), (0.7, 1), (0.5, 2)):
        same(drawn(engine, 20, temperature), drawn(Decoder(fuse(model)), 20, temperature))
        assert len(engine.kept.replays) == recorded
    assert engine.refresh.replay is None


def test_fewer_rows_are_recorded_apart() -> None:
    """140 rows take the places of 256; of them at most 128, 64 and eight are left in the end."""
    recorder = Recorder()
    engine = graphed(tiny.tiny_model(), recorder)
    model = engine.weights
    prompts = [[5 + number % 90, 7] for number in range(70)]
    found = drawn(engine, 60, prompts=prompts)
    assert sorted(width for _, width in engine.kept.replays) == [8, 64, 128, 256]
    assert recorder.recorded == 4
    same(found, drawn(Decoder(model), 60, prompts=prompts))


def test_calls_that_a_room_holds_take_it_and_others_widen_it() -> None:
    """A longer limit needs more columns, more rows more places; what was recorded for the last room is gone."""
    recorder = Recorder()
    engine = graphed(tiny.tiny_model(), recorder)
    drawn(engine, 490)
    first = engine.kept
    drawn(engine, 20, prompts=PROMPTS[:2])
    assert engine.kept is first
    drawn(engine, 500)
    assert engine.kept is not first
    assert (first.cache.room.own_pages, engine.kept.cache.room.own_pages) == (4, 8)
    drawn(engine, 20, prompts=[[5]] * 20)
    room = engine.kept.cache.room
    assert (room.rows, room.own_pages) == (64, 8)


def test_before_reserve_nothing_starts() -> None:
    with pytest.raises(RuntimeError, match="only after reserve"):
        graphed(tiny.tiny_model()).start(PROMPTS, 2, 20)


def test_what_is_forgotten_is_free() -> None:
    engine = graphed(tiny.tiny_model())
    drawn(engine, 20)
    held = [weakref.ref(x) for x in (engine.kept.burst.keys_R, engine.kept.cache.table_RC, engine.kept.cache.keys[0])]
    before = engine.bytes
    engine.forget()
    gc.collect()
    assert [one() for one in held] == [None] * len(held)
    # two layers, keys and values of two heads of eight float32 numbers; a page of each row and prompt, and scrap
    assert before - engine.bytes == 2 * 2 * 2 * 8 * 4 * 128 * (6 + 3 + 1)
    drawn(engine, 20)


def test_pages_that_are_there_count_as_free() -> None:
    """Or else each step would find less memory than the last, and record anew for fewer rows."""
    engine = graphed(tiny.tiny_model())
    assert engine.held_bytes == 0
    drawn(engine, 20)
    assert engine.held_bytes == 2 * 2 * 2 * 8 * 4 * 128 * (6 + 3 + 1)


def test_inference_mode_is_not_used() -> None:
    """A random state first recorded there could be recorded nowhere else."""
    with graphed(tiny.tiny_model()).no_gradient():
        assert not torch.is_inference_mode_enabled()
        assert not torch.is_grad_enabled()
