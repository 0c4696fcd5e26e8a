"""Incremental detokenizer: the text of a completion while its tokens are drawn."""

from collections.abc import Callable, Sequence

BROKEN = "\N{REPLACEMENT CHARACTER}"
"""Decoded from bytes that are no character, or an incomplete one."""


class TextReader:
    """Detokenizes incrementally; a character that spans tokens is returned when it is complete.

    Each step decodes only the last tokens, together with those shown just before, because a tokenizer may decode a
    word differently at the start of a text.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        self._start = self._shown = 0

    def feed(self, token: int) -> str:
        """Adds `token` and returns the text that is certain; often empty."""
        self._tokens.append(token)
        text = self._tail()
        return self._advance(text) if text and not text.endswith(BROKEN) else ""

    def finish(self) -> str:
        """Returns the text held back, at the end of the completion."""
        return self._advance(self._tail())

    def _tail(self) -> str:
        """The text after `_shown`: tokens from `_start` on, minus the text of those from `_start` to `_shown`."""
        before = self._decode(self._tokens[self._start : self._shown])
        return self._decode(self._tokens[self._start :])[len(before) :]

    def _advance(self, text: str) -> str:
        self._start, self._shown = self._shown, len(self._tokens)
        return text
