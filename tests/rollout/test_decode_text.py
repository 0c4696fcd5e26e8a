"""Many texts at once are those of one at a time."""

from typing import Any

import pytest
from transformers import PreTrainedTokenizerFast

import tiny
from whet.rollout.decode_text import decoded


def one_by_one(tokenizer: Any, sequences: list[list[int]]) -> list[str]:
    return [tokenizer.decode(tokens, skip_special_tokens=False) for tokens in sequences]


@pytest.mark.parametrize("cleans", [False, True])
def test_texts_are_those_of_one_at_a_time(cleans: bool) -> None:
    tokenizer = tiny.tiny_tokenizer()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer)
    tokenizer.clean_up_tokenization_spaces = cleans
    sequences = [tokenizer(text).input_ids for text in ("a b", "don 't , no !", "1 + 2 = 3", "")]
    assert decoded(tokenizer, sequences) == one_by_one(tokenizer, sequences)


def test_special_tokens_stay() -> None:
    tokenizer = tiny.tiny_tokenizer()
    assert decoded(tokenizer, [[tokenizer.eos_token_id]]) == [tokenizer.eos_token]


def test_a_tokenizer_without_a_fast_core_decodes_one_by_one() -> None:
    class Slow:
        def decode(self, tokens: list[int], skip_special_tokens: bool) -> str:
            assert not skip_special_tokens
            return "".join(map(chr, tokens))

    assert decoded(Slow(), [(97, 98), ()]) == ["ab", ""]
