"""Decodes the tokens of many completions at once: a fast tokenizer does so in threads of its own."""

from collections.abc import Sequence
from typing import Any


def decoded(tokenizer: Any, sequences: Sequence[Sequence[int]]) -> list[str]:
    """Returns the text of each sequence, special tokens included: tags may be some."""
    fast = getattr(tokenizer, "backend_tokenizer", None)
    if fast is None or getattr(tokenizer, "clean_up_tokenization_spaces", False):
        return [tokenizer.decode(list(tokens), skip_special_tokens=False) for tokens in sequences]
    texts: list[str] = fast.decode_batch([list(tokens) for tokens in sequences], skip_special_tokens=False)
    return texts
