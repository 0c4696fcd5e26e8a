"""The bytes of attention, by hand, and counted while it works."""

from typing import Any

import pytest
import torch

import tiny
from batches import ragged_batch
from live_tensors import LiveTensors
from whet.models.dimensions import Dimensions
from whet.policy import attention as table
from whet.policy import shared_prefix as grid
from whet.policy.attention import ATTENTIONS
from whet.policy.attention_memory import MicroBatchLengths, Needed, of_capped_grid, of_grid, of_varlen
from whet.policy.forward import shared_prefix

SIZE = Dimensions(layers=3, hidden=64, inner=128, heads=8, kv_heads=2, head_size=16, context=None)
ROWS = MicroBatchLengths(prompts=2, rows=10, prompt=5, response=7)


def test_tokens_and_keys_by_hand() -> None:
    """2 prompts of 5 and 10 completions of 7; each completion's keys are its prompt's and its own."""
    assert ROWS.tokens == 10 + 70
    assert ROWS.keys == 10 + 10 * 12


def test_the_grid_by_hand() -> None:
    """8 heads × (10 · 7 · 12 + 2 · 25) scores of two bytes: three tensors at once, one kept in each of three layers."""
    scores = 8 * (840 + 50)
    assert of_grid(SIZE, 2, ROWS) == Needed(kept=3 * scores * 2, passing=3 * scores * 2)


def test_many_scores_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "KEPT", 100)
    assert of_grid(SIZE, 2, ROWS).kept == 0


def test_soft_caps_by_hand() -> None:
    """The cap's slope is a fourth tensor of the scores; nothing is kept, few as they are."""
    assert of_capped_grid(SIZE, 2, ROWS) == Needed(kept=0, passing=4 * 8 * (840 + 50) * 2)


def test_varlen_by_hand() -> None:
    """50 keys beyond the 80 of the tokens; keys and values of 2 heads, their gradients of 8 heads more, two bytes."""
    assert of_varlen(SIZE, 2, ROWS) == Needed(kept=3 * 2 * 2 * 16 * 2 * 50, passing=(8 + 2) * 2 * 16 * 2 * 130)


@pytest.mark.parametrize("name", ATTENTIONS)
@pytest.mark.parametrize(("prompt", "response", "group"), [(64, 256, 8), (16, 1024, 4), (512, 64, 8)])
def test_what_it_takes_is_within_a_factor_of_two(
    name: str, prompt: int, response: int, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted on meta tensors as the peak of a model's forward and backward, less the same without attention (T9)."""
    monkeypatch.setattr(table, "ROWS", {"meta": ((name, lambda wanted: True),)})
    with torch.device("meta"):
        family = "gemma2" if name == "capped_grid" else "qwen2"
        model: Any = tiny.tiny_model(family, dtype=torch.bfloat16, hidden_size=32, num_attention_heads=8, head_dim=64)
    batch = ragged_batch([prompt], [[response] * group])

    def peak() -> int:
        with LiveTensors() as live:
            shared_prefix(model, batch, 1.0).sum().backward()
        return live.peak

    whole = peak()
    none = ATTENTIONS[name]._replace(attend=lambda query, *_: query.transpose(0, 1) * 1)
    monkeypatch.setitem(ATTENTIONS, name, none)  # type: ignore[misc]
    counted = whole - peak()
    needed = sum(none.needed(Dimensions.of(model.config), 2, MicroBatchLengths(1, group, prompt, response)))
    assert 0.5 * counted <= needed <= 2 * counted
