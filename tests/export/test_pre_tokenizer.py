"""llama.cpp's names of pre-tokenizers."""

import json
from typing import Any

import pytest
from tokenizers import pre_tokenizers

from export.models_to_export import byte_level, qwen2, smollm
from whet.errors import UserError
from whet.export.pre_tokenizer import pre_tokenizer_id
from whet.models.gguf import HANDED_DOWN


def content(pre_tokenizer: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(byte_level(pre_tokenizer).backend_tokenizer.to_str())
    return found


@pytest.mark.parametrize(
    ("pre_tokenizer", "name"),
    [
        (smollm(), "smollm"),
        (qwen2(), "qwen2"),
        (qwen2(r"\p{N}{1,3}"), "llama-bpe"),
        (pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True), "gpt-2"),
    ],
)
def test_a_family_is_known_by_its_rule(pre_tokenizer: Any, name: str) -> None:
    assert pre_tokenizer_id(content(pre_tokenizer), {}) == name


@pytest.mark.parametrize(
    "pre_tokenizer",
    [
        pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        qwen2(r"\p{N}{1,2}"),
        pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.ByteLevel(False)]),
        pre_tokenizers.Metaspace(),
    ],
)
def test_another_rule_is_refused_unless_a_gguf_file_handed_its_name_down(pre_tokenizer: Any) -> None:
    with pytest.raises(UserError, match=r"gguf needs a pre-tokenizer that llama.cpp has"):
        pre_tokenizer_id(content(pre_tokenizer), {})
    assert pre_tokenizer_id(content(pre_tokenizer), {HANDED_DOWN: "tekken"}) == "tekken"


def test_the_rule_that_is_there_comes_before_the_name_handed_down() -> None:
    assert pre_tokenizer_id(content(smollm()), {HANDED_DOWN: "other"}) == "smollm"
