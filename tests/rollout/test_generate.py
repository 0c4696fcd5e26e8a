"""The sampling loop with an engine that follows a script."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from whet.rollout.burst import EagerEngine
from whet.rollout.generate import generate
from whet.rollout.rng import key, uniforms
from whet.types import SamplingParams

END = 9
VOCABULARY = 10


class Scripted(EagerEngine):
    """Every row certainly says its script, whatever was drawn; it writes down what it was asked."""

    def __init__(self, scripts: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.scripts = scripts
        self.kept: list[list[int]] = []
        self.fed: list[list[int]] = []

    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        assert len(prompts) * rows_per_prompt == len(self.scripts)
        self.longest = longest_response
        self.rows = list(range(len(self.scripts)))
        self.position = 0
        return self._logits()

    def advance(self, tokens_R: Tensor) -> Tensor:
        self.fed.append(tokens_R.tolist())
        self.position += 1
        return self._logits()

    def forget(self) -> None:
        pass

    def keep(self, rows: Tensor) -> None:
        self.rows = [self.rows[row] for row in rows.tolist()]
        self.kept.append(list(self.rows))

    def _logits(self) -> Tensor:
        logits = torch.full((len(self.rows), VOCABULARY), -torch.inf)
        for place, row in enumerate(self.rows):
            script = self.scripts[row]
            logits[place, script[self.position] if self.position < len(script) else 0] = 0.0
        return logits


def said(engine: Scripted, max_tokens: int, ends: Sequence[int] = (END,)) -> list[list[int]]:
    rows: list[list[int]] = [[] for _ in engine.scripts]
    keys = torch.arange(len(rows))
    params = SamplingParams(max_tokens=max_tokens)
    for drawn in generate(engine, [(1,)] * len(rows), keys, params, frozenset(ends)):
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
            if self.position >= len(self.scripts[row]) - 1:
                logits[place] = -torch.inf
                logits[place, END] = 0.0
        return logits


def test_a_row_draws_by_its_own_key_and_position_before_and_after_others_leave() -> None:
    """With nine equal tokens, u draws the token ⌊9 u⌋."""
    scripts = [[0] * length + [END] for length in (2, 0, 7, 4, 1, 7)]
    keys = torch.tensor([key("row", row) for row in range(6)])
    rows: list[list[int]] = [[] for _ in scripts]
    for drawn in generate(Even(scripts), [(1,)] * 3, keys, SamplingParams(max_tokens=20), frozenset([END])):
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
