"""Encodes text in which special tokens, such as `<|im_end|>`, are the template's, or letters of somebody's question.

A tokenizer makes the special token of every `<|im_end|>` that it reads. In a question it must stay a word: otherwise
whoever wrote the question ends its turn, and begins others. `guard` cuts such words; `encode` encodes the parts on
either side of a cut by themselves, so that no part holds a whole mark.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

CUT = "\ue000whet\ue001"
"""Stands where text is cut; private-use characters that no text has in this order."""


class SpecialMarks:
    """The special tokens of a tokenizer, as they are written."""

    def __init__(self, tokenizer: Any, more: Collection[str] = ()) -> None:
        """`more`: added tokens that count as special here, such as those that a template prints."""
        added = getattr(tokenizer, "added_tokens_decoder", {}).values()
        found = {*getattr(tokenizer, "all_special_tokens", ()), *(one.content for one in added if one.special), *more}
        self.tokenizer = tokenizer
        self.all = frozenset(mark for mark in found if len(mark) > 1)
        """Marks of a single letter cannot be cut."""

    def find(self, text: str, but: str = "") -> list[str]:
        """Returns the marks in `text`, in order, except those that `but` has too."""
        return [found[0] for found in _pattern(self.all, but).finditer(text)]

    def guard(self, text: str, but: str = "") -> str:
        """Returns the text with a cut within each mark, except those that `but` has too."""
        return _pattern(self.all, but).sub(lambda found: found[0][0] + CUT + found[0][1:], text)

    def encode(self, text: str) -> list[int]:
        """Returns the tokens of a guarded text, without those that a tokenizer puts before or after it."""
        pieces = (self.tokenizer.encode(piece, add_special_tokens=False) for piece in text.split(CUT))
        return [token for piece in pieces for token in piece]


@lru_cache(maxsize=64)
def _pattern(marks: frozenset[str], but: str) -> re.Pattern[str]:
    longest_first = sorted((mark for mark in marks if mark not in but), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
