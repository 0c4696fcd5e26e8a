"""The sampling loop with an engine that follows a script."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from whet.rollout.burst import EagerEngine
from whet.rollout.call_size import CallLimits, SampleBytes
from whet.rollout.generate import Drawn, generate
from whet.rollout.rng import key, uniforms
from whet.types import SamplingParams

END = 9
VOCABULARY = 10


class Scripted(EagerEngine):
    """Every row certainly says its script, whatever was drawn; it writes down what it was asked."""

    def __init__(self, scripts: Sequence[Sequence[int]], refill_threshold: float = 0.0) -> None:
        super().__init__()
        self.scripts, self.refill_threshold = scripts, refill_threshold
        self.kept: list[list[int]] = []
        self.fed: list[list[int]] = []
        self.begun: list[list[int]] = []
        """The rows of each start and join."""
        self.rows: list[int] = []
        self.positions: dict[int, int] = {}

    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        self.longest, self.rows = longest_response, []
        return self.join(prompts, rows_per_prompt, longest_response)

    def join(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """A prompt's only token is its number."""
        new = [rows_per_prompt * prompt[0] + place for prompt in prompts for place in range(rows_per_prompt)]
        self.begun.append(new)
        self.rows += new
        self.positions |= dict.fromkeys(new, 0)
        return self._logits()[len(self.rows) - len(new) :]

    def advance(self, tokens_R: Tensor) -> Tensor:
        self.fed.append(tokens_R.tolist())
        for row in self.rows:
            self.positions[row] += 1
        most = self.longest + self.burst_tokens * (1 + self.looks_behind)
        assert max(self.positions[row] for row in self.rows) < most
        return self._logits()

    def forget(self) -> None:
        pass

    def keep(self, rows: Sequence[int]) -> None:
        self.rows = [self.rows[row] for row in rows]
        self.kept.append(list(self.rows))

    def _logits(self) -> Tensor:
        logits = torch.full((len(self.rows), VOCABULARY), -torch.inf)
        for place, row in enumerate(self.rows):
            script, position = self.scripts[row], self.positions[row]
            logits[place, script[position] if position < len(script) else 0] = 0.0
        return logits


def said(
    engine: Scripted, max_tokens: int, ends: Sequence[int] = (END,), most: int | None = None, share: int = 1
) -> list[list[int]]:
    rows: list[list[int]] = [[] for _ in engine.scripts]
    keys = torch.arange(len(rows))
    params = SamplingParams(max_tokens=max_tokens)
    prompts = [(number,) for number in range(len(rows) // share)]
    limits = None if most is None else CallLimits(most)
    for drawn in generate(engine, prompts, keys, params, frozenset(ends), limits):
        assert list(drawn.logprobs) == [0.0] * len(drawn.rows)
        for row, token in zip(drawn.rows, drawn.tokens, strict=True):
            rows[row].append(token)
    return rows


def test_every_row_says_its_script_up_to_its_end_token() -> None:
    scripts = [[1, 2, END], [3, END], [4, 5, 6, 7, END], [END], [8, END]]
    assert said(Scripted(scripts), 20) == scripts


def test_what_comes_after_the_end_is_not_said() -> None:
    """The row is fed on until the others make dropping it worth while."""
    scripts = [[1, END, 5, 5, 5, 5], *[[2, 2, 2, 2, 2, END]] * 9]
    engine = Scripted(scripts)
    assert said(engine, 20) == [[1, END], *scripts[1:]]
    assert engine.kept == []


def test_rows_that_ended_are_dropped_once_they_are_many() -> None:
    """Two of five ended: 3 < 0.8 · 5; then one of three: 2 < 0.8 · 3."""
    engine = Scripted([[END], [1, 1, 1, END], [END], [2, END], [3, 3, 3, 3, END]])
    said(engine, 20)
    assert engine.kept[:2] == [[1, 3, 4], [1, 4]]
    assert engine.fed[0] == [1, 2, 3]


@pytest.mark.parametrize("max_tokens", [1, 2, 3])
def test_no_row_says_more_than_it_may(max_tokens: int) -> None:
    engine = Scripted([[1, 2, 3, 4, END], [5, END]])
    assert said(engine, max_tokens) == [[1, 2, 3, 4, END][:max_tokens], [5, END][:max_tokens]]
    assert engine.longest == max_tokens
    assert len(engine.fed) == max_tokens - 1


def test_nothing_is_computed_after_the_last_row_ended() -> None:
    engine = Scripted([[1, END], [END]])
    said(engine, 20)
    assert len(engine.fed) == 1


def test_any_of_several_tokens_may_end_a_row() -> None:
    assert said(Scripted([[1, 7, 1], [2, 2, END]]), 20, ends=[7, END]) == [[1, 7], [2, 2, END]]


def test_without_end_tokens_every_row_runs_to_the_limit() -> None:
    assert said(Scripted([[1, END, 3], [2, 2, 2]]), 3, ends=[]) == [[1, END, 3], [2, 2, 2]]


class Even(Scripted):
    """All tokens are equally likely, but for the end token in a row's script."""

    def _logits(self) -> Tensor:
        logits = torch.zeros(len(self.rows), VOCABULARY)
        logits[:, END] = -torch.inf
        for place, row in enumerate(self.rows):
            if self.positions[row] >= len(self.scripts[row]) - 1:
                logits[place] = -torch.inf
                logits[place, END] = 0.0
        return logits


def test_a_row_draws_by_its_own_key_and_position_before_and_after_others_leave() -> None:
    """With nine equal tokens, u draws the token ⌊9 u⌋."""
    scripts = [[0] * length + [END] for length in (2, 0, 7, 4, 1, 7)]
    keys = torch.tensor([key("row", row) for row in range(6)])
    rows: list[list[int]] = [[] for _ in scripts]
    for drawn in generate(Even(scripts), [(0,), (1,), (2,)], keys, SamplingParams(max_tokens=20), frozenset([END])):
        for row, token in zip(drawn.rows, drawn.tokens, strict=True):
            rows[row].append(token)
    for row, script in enumerate(scripts):
        numbers = uniforms(keys[row].expand(len(script)), torch.arange(len(script)))
        assert rows[row] == [*(int(9 * u) for u in numbers[:-1]), END]


@pytest.mark.parametrize("burst_tokens", [2, 3, 50])
@pytest.mark.parametrize("max_tokens", [1, 3, 4, 20])
def test_looking_less_often_changes_nothing_that_is_said(burst_tokens: int, max_tokens: int) -> None:
    scripts = [[1, 2, END], [END], [4, 5, 6, 7, 8, END], [3, END]]
    engine = Scripted(scripts)
    engine.burst_tokens, engine.compaction_threshold = burst_tokens, 0.0
    assert said(engine, max_tokens) == [script[:max_tokens] for script in scripts]
    assert engine.kept == []
    assert len(engine.fed) < min(max_tokens, 6 + burst_tokens)


MIXED = [[1] * length + [END] for length in (1, 6, 2, 9, 0, 3, 1, 4, 0, 7, 2, 2)]


def test_waiting_rows_take_the_places_of_those_that_ended() -> None:
    """Four places. Rows 0 and 2 end and are dropped, as 3 < 0.8 · 4 and 2 < 0.8 · 3. Two of four are no fewer than
    half; when row 1 has ended too only row 3 is left, and rows 4, 5 and 6 begin. Row 4 ends with its first token, row 6
    with its second, and rows 3 and 5 with the same step."""
    engine = Scripted(MIXED[:7], refill_threshold=0.5)
    assert said(engine, 20, most=4) == MIXED[:7]
    assert engine.begun == [[0, 1, 2, 3], [4, 5, 6]]
    assert engine.kept == [[1, 2, 3], [1, 3], [3], [3, 5, 6], [3, 5]]


def test_without_a_threshold_waiting_rows_begin_when_all_have_ended() -> None:
    engine = Scripted(MIXED)
    assert said(engine, 20, most=5) == MIXED
    assert engine.begun == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("max_tokens", [1, 2, 3, 8, 20])
@pytest.mark.parametrize(("most", "share"), [(1, 1), (3, 1), (5, 1), (12, 1), (100, 1), (2, 2), (5, 2), (7, 3), (1, 4)])
def test_refilling_changes_nothing_that_is_said(threshold: float, max_tokens: int, most: int, share: int) -> None:
    engine = Scripted(MIXED, threshold)
    assert said(engine, max_tokens, most=most, share=share) == [script[:max_tokens] for script in MIXED]
    assert max(map(len, engine.fed), default=0) <= max(most, share)
    assert all(len(rows) % share == 0 for rows in engine.begun)


def test_refilling_computes_fewer_steps() -> None:
    """Rows of mixed lengths, three places: what is computed for one row alone costs as much as for three."""
    steps = {}
    for threshold in (0.0, 1.0):
        engine = Scripted(MIXED, threshold)
        said(engine, 20, most=3)
        steps[threshold] = len(engine.fed)
    assert steps[1.0] < 0.7 * steps[0.0]


def test_a_row_draws_by_its_own_key_and_position_whenever_it_began() -> None:
    keys = torch.tensor([key("row", row) for row in range(len(MIXED))])
    rows: list[list[int]] = [[] for _ in MIXED]
    engine = Even(MIXED, refill_threshold=1.0)
    params, prompts = SamplingParams(max_tokens=20), [(number,) for number in range(len(MIXED))]
    for drawn in generate(engine, prompts, keys, params, frozenset([END]), CallLimits(3)):
        for row, token in zip(drawn.rows, drawn.tokens, strict=True):
            rows[row].append(token)
    assert len(engine.begun) > 3
    for row, script in enumerate(MIXED):
        numbers = uniforms(keys[row].expand(len(script)), torch.arange(len(script)))
        assert rows[row] == [*(int(9 * u) for u in numbers[:-1]), END]


def write_down(rows: list[list[int]], drawn: Drawn) -> None:
    """Appends what was drawn, to rows that have not ended; those that begin again are empty."""
    for row in drawn.again:
        assert rows[row], "nothing to take back"
        assert END not in rows[row], "what has ended is kept"
        rows[row].clear()
    for row, token in zip(drawn.rows, drawn.tokens, strict=True):
        assert END not in rows[row]
        rows[row].append(token)


@pytest.mark.parametrize("room", [10, 12, 16, 25, 1000])
@pytest.mark.parametrize("share", [1, 2, 3])
def test_no_more_tokens_are_kept_than_memory_holds(room: int, share: int) -> None:
    """Rows that draw more than was expected wait again, and say the same; one prompt's always go on."""
    engine = Scripted(MIXED, 0.7)
    limits = CallLimits(100, bytes=room, size=SampleBytes(per_token=1, per_row=0))
    rows: list[list[int]] = [[] for _ in MIXED]
    prompts = [(number,) for number in range(len(rows) // share)]
    for drawn in generate(engine, prompts, torch.arange(12), SamplingParams(max_tokens=10), frozenset([END]), limits):
        write_down(rows, drawn)
        there = {row // share for row in engine.rows}
        unfinished = [row for row in engine.rows if not rows[row] or rows[row][-1] != END]
        kept = sum(engine.positions[row] for row in unfinished) + len(there)
        assert kept <= room or len(there) == 1
    assert rows == MIXED
    assert (len(engine.begun) > 1) is (room < 1000)


def test_rows_that_memory_does_not_hold_begin_again_later() -> None:
    """Two short rows end, so that six are expected to be short too; but they are long, and go to memory's limit."""
    scripts = [[1, END], [2, END], *[[3] * 9 + [END]] * 6]
    engine = Scripted(scripts, 0.9)
    rows: list[list[int]] = [[] for _ in scripts]
    limits, params = CallLimits(8, bytes=30, size=SampleBytes(per_token=1, per_row=0)), SamplingParams(max_tokens=10)
    for drawn in generate(engine, [(n,) for n in range(8)], torch.arange(8), params, frozenset([END]), limits):
        write_down(rows, drawn)
    assert rows == scripts
    begins = [row for some in engine.begun for row in some]
    assert len(begins) > 8, "some began twice"
    assert set(begins) == set(range(8))


class Fickle(Scripted):
    """Each time that a row begins it says something else, of another length: all of it is the number of the time."""

    def join(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        times = [row for some in self.begun for row in some]
        new = [rows_per_prompt * prompt[0] + place for prompt in prompts for place in range(rows_per_prompt)]
        for row in new:
            self.scripts[row] = draw_of(row, times.count(row))  # type: ignore[index]
        return super().join(prompts, rows_per_prompt, longest_response)


def draw_of(row: int, time: int) -> list[int]:
    """At first some rows are short, and so the others are expected to be."""
    length = (1 if row < 2 or row % 3 == 0 else 9) if time == 0 else (2 + row + 3 * time) % 9
    return [1 + time % 8] * length + [END]


@pytest.mark.parametrize(("burst_tokens", "looks_behind"), [(1, 0), (2, 0), (1, 1), (3, 2)])
@pytest.mark.parametrize(("share", "room"), [(1, 25), (2, 30), (3, 40), (4, 50)])
def test_every_row_is_one_whole_draw(share: int, room: int, burst_tokens: int, looks_behind: int) -> None:
    """A row that begins again may say something else, as other neighbours round otherwise: then it says only that. One
    that had ended keeps what it said, though it begins again with the others of its prompt."""
    engine = Fickle([[] for _ in range(12)], 0.9)
    engine.burst_tokens, engine.looks_behind = burst_tokens, looks_behind
    rows: list[list[int]] = [[] for _ in engine.scripts]
    limits, params = CallLimits(12, bytes=room, size=SampleBytes(per_token=1, per_row=0)), SamplingParams(max_tokens=10)
    prompts = [(number,) for number in range(12 // share)]
    again: list[int] = []
    for drawn in generate(engine, prompts, torch.arange(12), params, frozenset([END]), limits):
        again += drawn.again
        write_down(rows, drawn)
    assert again
    assert rows == [draw_of(row, again.count(row)) for row in range(12)]
    begins = [row for some in engine.begun for row in some]
    kept = [row for row in range(12) if begins.count(row) > 1 + again.count(row)]
    assert bool(kept) is (share > 1)
