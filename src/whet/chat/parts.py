"""Reading along: tokens become text, text becomes reasoning and answer, while a response is being written.

This is for the eye. What counts is what `ResponseFormat.parse` says of the whole response.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Literal

from whet.formats import ResponseFormat
from whet.formats.marked import Marked
from whet.formats.tagged import Tagged

Part = Literal["reasoning", "answer", "other"]
Speaker = Literal["model", "base"]

BROKEN = "\N{REPLACEMENT CHARACTER}"
"""What a decoder puts in place of bytes that are no character, or not one yet."""


@dataclass(frozen=True, slots=True)
class StreamChunk:
    """A few letters of a response, and the part that they belong to. Tags are left out."""

    text: str
    part: Part
    speaker: Speaker = "model"


@dataclass(frozen=True)
class Layout:
    """Which marks lead from one part of a response to another."""

    start: Part
    turns: Mapping[Part, Mapping[str, Part]] = field(default_factory=dict)
    """Where one is → the marks that matter there → where they lead."""


@singledispatch
def layout_of(response_format: ResponseFormat | None) -> Layout:
    r"""The layout that a format's responses are read along with; all is `other` where there is no format.

    >>> from whet.formats import BUILT_IN
    >>> layout_of(BUILT_IN["gsm8k"]).turns["reasoning"], layout_of(None).start
    ({'#### ': 'answer'}, 'other')
    """
    return Layout("other")


@layout_of.register
def _tagged(response_format: Tagged) -> Layout:
    """An answer inside the reasoning is a thought, so there only the end of the reasoning counts."""
    parts: dict[str, Part] = dict.fromkeys(response_format.parts, "other")
    parts[response_format.parts[0]] = "reasoning"
    parts[response_format.parts[-1]] = "answer"
    opening: dict[str, Part] = {f"<{tag}>": part for tag, part in parts.items()}
    closing = {f"</{tag}>": part for tag, part in parts.items()}

    def within(here: Part) -> dict[str, Part]:
        ends: dict[str, Part] = {mark: "other" if part == here else here for mark, part in closing.items()}
        return {**dict.fromkeys(opening, here), **ends}

    outside: dict[str, Part] = {**opening, **dict.fromkeys(closing, "other")}
    return Layout("other", {"other": outside, "reasoning": within("reasoning"), "answer": within("answer")})


@layout_of.register
def _marked(response_format: Marked) -> Layout:
    """Only a mark on a line of its own is followed: the others are part of a sentence."""
    opens: dict[str, Part] = {response_format.opening: "answer"} if response_format.own_line else {}
    return Layout("reasoning", {"reasoning": opens, "answer": {"\n": "other"}, "other": opens})


class PartReader:
    """Tells the parts of a text apart as it grows. What may be the beginning of a mark waits for the rest."""

    def __init__(self, layout: Layout, prompt: str = "") -> None:
        """`prompt` is what the model read before: some chat templates open the reasoning themselves."""
        self._turns = layout.turns
        opened = layout.turns.get(layout.start, {}).items()
        self._part = next((part for mark, part in opened if prompt.rstrip().endswith(mark)), layout.start)
        self._held = ""

    def feed(self, text: str) -> Iterator[StreamChunk]:
        """The pieces that are certain once `text` has come."""
        self._held += text
        while found := self._first_mark():
            yield from self._piece(self._held[: found.start()])
            self._part, self._held = self._marks[found[0]], self._held[found.end() :]
        certain = len(self._held) - self._unfinished()
        yield from self._piece(self._held[:certain])
        self._held = self._held[certain:]

    def finish(self) -> Iterator[StreamChunk]:
        """What was held back, when nothing more comes."""
        yield from self._piece(self._held)
        self._held = ""

    @property
    def _marks(self) -> Mapping[str, Part]:
        return self._turns.get(self._part, {})

    def _piece(self, text: str) -> Iterator[StreamChunk]:
        if text:
            yield StreamChunk(text, self._part)

    def _first_mark(self) -> re.Match[str] | None:
        return re.search("|".join(map(re.escape, self._marks)), self._held) if self._marks else None

    def _unfinished(self) -> int:
        """How many letters at the end may begin a mark."""
        longest = min(max(map(len, self._marks), default=0), len(self._held))
        ends = (n for n in range(longest, 0, -1) if any(m.startswith(self._held[-n:]) for m in self._marks))
        return next(ends, 0)


class TextReader:
    """Tokens to text, a few letters at a time: a character that spans tokens comes when it is whole.

    Only the last tokens are decoded again at each step; those before the new ones are decoded with them,
    because a tokenizer may write a word differently at the start of a text.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        self._start = self._shown = 0

    def feed(self, token: int) -> str:
        """The text that is certain once `token` has come; often empty."""
        self._tokens.append(token)
        text = self._tail()
        return self._advance(text) if text and not text.endswith(BROKEN) else ""

    def finish(self) -> str:
        """What was held back, when nothing more comes."""
        return self._advance(self._tail())

    def _tail(self) -> str:
        before = self._decode(self._tokens[self._start : self._shown])
        return self._decode(self._tokens[self._start :])[len(before) :]

    def _advance(self, text: str) -> str:
        self._start, self._shown = self._shown, len(self._tokens)
        return text
