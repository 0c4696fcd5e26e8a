"""The engine that runs any model's own forward, against that forward on every row by itself."""

from typing import Any

import pytest
import torch

import tiny
from plainly import with_lora
from whet.rollout.engine.transformers_engine import TransformersEngine

PROMPTS = [list(range(20, 47)), [44], [12, 90, 17]]
"""The longest is past the sliding window of 16."""
ROWS = 2
LONGEST = 6


def script(row: int, position: int) -> int:
    """Some token for every row and position."""
    return 4 + (37 * row + 11 * position * (row + 1)) % 96


@torch.no_grad()
def logprobs_after(model: Any, tokens: list[int]) -> torch.Tensor:
    """The next token's log-probabilities after each token of a row of its own."""
    logprobs: torch.Tensor = model(torch.tensor([tokens]), use_cache=False).logits[0].log_softmax(-1)
    return logprobs


@pytest.mark.parametrize("keeps", [{}, {1: [0, 3, 4], 3: [3]}], ids=["all rows", "fewer and fewer"])
@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_logits_are_those_of_single_rows(family: str, keeps: dict[int, list[int]]) -> None:
    model = tiny.tiny_model(family)
    names = list(range(len(PROMPTS) * ROWS))
    rows = [[*PROMPTS[n // ROWS], *(script(n, position) for position in range(LONGEST - 1))] for n in names]
    expected = [logprobs_after(model, row)[-LONGEST:] for row in rows]
    engine = TransformersEngine(model)
    logits_RV = engine.start(PROMPTS, ROWS, LONGEST)
    for position in range(LONGEST):
        expected_RV = torch.stack([expected[name][position] for name in names])
        torch.testing.assert_close(logits_RV.log_softmax(-1), expected_RV, rtol=0, atol=1e-4)
        if position in keeps:
            engine.keep([names.index(name) for name in keeps[position]])
            names = keeps[position]
        if position + 1 < LONGEST:
            logits_RV = engine.advance(torch.tensor([script(name, position) for name in names]))


def test_adapters_count() -> None:
    model = with_lora("gemma3")
    logits_RV = TransformersEngine(model).start([[5, 6, 7]], 1, 1)
    torch.testing.assert_close(logits_RV[0].log_softmax(-1), logprobs_after(model, [5, 6, 7])[-1])


def test_it_can_be_started_again_and_keeps_no_gradient() -> None:
    engine = TransformersEngine(tiny.tiny_model("gemma3"))
    first = engine.start(PROMPTS, ROWS, LONGEST)
    engine.advance(torch.arange(10, 16))
    engine.keep([1, 4])
    again = engine.start(PROMPTS, ROWS, LONGEST)
    assert torch.equal(again, first)
    assert not again.requires_grad
