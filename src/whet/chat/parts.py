"""Incremental parser: splits a streamed completion into reasoning, answer and other text.

For display only: `ResponseFormat.parse` of the whole completion decides what counts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Literal

from whet.formats import ResponseFormat
from whet.formats.marked import Marked
from whet.formats.tagged import Tagged

Part = Literal["reasoning", "answer", "other"]
Speaker = Literal["model", "base"]


@dataclass(frozen=True, slots=True)
class StreamChunk:
    """A chunk of a completion's text and the part that it belongs to. Tags are left out."""

    text: str
    part: Part
    speaker: Speaker = "model"


@dataclass(frozen=True)
class Layout:
    """A state machine over the parts of a completion: the marks that lead from one part to another."""

    start: Part
    turns: Mapping[Part, Mapping[str, Part]] = field(default_factory=dict)
    """Current part → mark → next part."""


@singledispatch
def layout_of(response_format: ResponseFormat | None) -> Layout:
    r"""Returns the layout of a format's completions; all text is `other` without a format.

    >>> from whet.formats import BUILT_IN
    >>> layout_of(BUILT_IN["gsm8k"]).turns["reasoning"], layout_of(None).start
    ({'#### ': 'answer'}, 'other')
    """
    return Layout("other")


@layout_of.register
def _tagged(response_format: Tagged) -> Layout:
    """Inside the reasoning only its closing tag counts: an answer tag there is part of the reasoning."""
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
    """Follows only marks that stand on their own line; others may be part of a sentence."""
    opens: dict[str, Part] = {response_format.opening: "answer"} if response_format.own_line else {}
    return Layout("reasoning", {"reasoning": opens, "answer": {"\n": "other"}, "other": opens})


class PartReader:
    """Splits a growing text into its parts. An end that may begin a mark is held back until it is decided."""

    def __init__(self, layout: Layout, opening: str = "") -> None:
        """`opening` is what the prompt already writes of the response: an opened tag of the reasoning."""
        self._turns = layout.turns
        opened = layout.turns.get(layout.start, {}).items()
        self._part = next((part for mark, part in opened if opening.startswith(mark)), layout.start)
        self._held = ""

    def feed(self, text: str) -> Iterator[StreamChunk]:
        """Adds `text` and yields the chunks that are certain."""
        self._held += text
        while found := self._first_mark():
            yield from self._piece(self._held[: found.start()])
            self._part, self._held = self._marks[found[0]], self._held[found.end() :]
        certain = len(self._held) - self._unfinished()
        yield from self._piece(self._held[:certain])
        self._held = self._held[certain:]

    def finish(self) -> Iterator[StreamChunk]:
        """Yields the text held back, at the end of the completion."""
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
        """Length of the longest end of the held text that is the beginning of a mark."""
        longest = min(max(map(len, self._marks), default=0), len(self._held))
        ends = (n for n in range(longest, 0, -1) if any(m.startswith(self._held[-n:]) for m in self._marks))
        return next(ends, 0)
