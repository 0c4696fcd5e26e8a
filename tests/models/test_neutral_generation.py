"""The generation settings of a finished model."""

from types import SimpleNamespace
from typing import Any

import pytest
from transformers import GenerationConfig

import tiny
from whet.models.neutral_generation import neutral_generation

TOKENIZER = SimpleNamespace(bos_token_id=1, pad_token_id=0)


def settings(tokenizer: Any = TOKENIZER, ends: set[int] | None = None, **base: Any) -> dict[str, Any]:
    model = SimpleNamespace(generation_config=GenerationConfig(**base))
    return dict(neutral_generation(model, tokenizer, ends or {2}).to_diff_dict())


@pytest.mark.parametrize(
    "left",
    [
        {"do_sample": True, "temperature": 0.6, "top_p": 0.95, "top_k": 20, "min_p": 0.1},
        {"repetition_penalty": 1.1, "no_repeat_ngram_size": 3},
        {"max_length": 20, "max_new_tokens": 5, "min_new_tokens": 2, "num_beams": 4},
        {"suppress_tokens": [5], "bad_words_ids": [[7]], "forced_eos_token_id": 4},
    ],
)
def test_nothing_that_alters_sampling_is_left(left: dict[str, Any]) -> None:
    assert settings(bos_token_id=1, **left) == settings(bos_token_id=1)


def test_all_ends_and_a_pad_token_even_where_the_tokenizer_has_none() -> None:
    assert settings(ends={9, 2})["eos_token_id"] == [2, 9]
    assert settings(ends={2})["eos_token_id"] == 2
    without = SimpleNamespace(bos_token_id=None, pad_token_id=None)
    assert settings(without, {9, 2})["pad_token_id"] == 2
    assert settings(without, {9, 2}, pad_token_id=5)["pad_token_id"] == 5
    assert "bos_token_id" not in settings(without)


def test_a_model_generates_by_them_what_is_most_likely(tiny_model: Any) -> None:
    made = neutral_generation(tiny_model, tiny.tiny_tokenizer(), {2})
    assert made.do_sample in (None, False)
    assert made.repetition_penalty in (None, 1.0)
