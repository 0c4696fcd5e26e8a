r"""Formats of free text that end in a marked answer: `\boxed{82}`, `#### 82`, or just the last number."""

from collections.abc import Callable
from dataclasses import dataclass

from whet.formats.base import TRAILING_COST, Parsed, ResponseFormat, agreed
from whet.formats.content import is_blank, is_placeholder
from whet.formats.reasoning_marks import closing_of, reasoning_end, without_marks
from whet.formats.spans import Span

_MAY_FOLLOW = " \t\r\n.!$*)]\\"
"""Characters allowed after the answer in the strict layout, such as the end of a sentence or a formula."""


def _is_nothing(answer: str) -> bool:
    """Whether an answer has no content, or only the words that a prompt shows in its place."""
    return is_blank(answer) or is_placeholder(answer)


@dataclass(frozen=True)
class Marked(ResponseFormat):
    """A format of free text followed by a marked answer."""

    opening: str
    """The mark before the answer, such as `#### `."""
    closing: str
    """The mark after it."""
    find: Callable[[str], list[Span]]
    """Finds every answer part of a text, in order."""
    own_line: bool = False
    """Whether the strict layout requires the mark at the start of a line."""
    last_wins: bool = False
    """Whether only the last answer part counts; otherwise all must agree."""

    def render(self, solution: str, answer: str) -> str:
        steps = solution.replace(self._mark, "").strip()
        return f"{steps}\n{self.opening}{' '.join(answer.split())}{self.closing}".lstrip("\n")

    def rest(self, opening: str, solution: str, answer: str) -> str:
        """After an opened `<think>`, the steps are the thought: `steps`, `</think>`, the marked answer."""
        if not opening:
            return self.render(solution, answer)
        thought = without_marks(solution).replace(self._mark, "").strip()
        return f"{thought}\n{closing_of(opening)}\n\n{self.render('', answer)}"

    def parse(self, text: str) -> Parsed:
        spans = self._found(text)
        answers = [span.answer for span in spans]
        before = text[: spans[-1].start].strip() if spans else ""
        return Parsed(before or None, agreed(answers[-1:] if self.last_wins else answers))

    def strict(self, text: str) -> bool:
        text = text.strip()
        spans = self._found(text)
        if len(spans) != 1 or _is_nothing(spans[0].answer):
            return False
        before, part, after = spans[0].cut(text)
        exact = part == f"{self.opening}{spans[0].answer}{self.closing}"
        placed = not self.own_line or before[-1:] in ("", "\n")
        return exact and placed and not after.strip(_MAY_FOLLOW)

    def soft(self, text: str) -> bool:
        answer = self.parse(text).answer
        return answer is not None and not _is_nothing(answer)

    def tags(self, text: str) -> float:
        spans = self._found(text)
        after = spans[-1].cut(text)[2].strip(_MAY_FOLLOW) if spans else ""
        return max(0.0, (len(spans) == 1 and not _is_nothing(spans[0].answer)) - TRAILING_COST * len(after))

    def partial(self, text: str) -> float:
        return float(bool(self._found(text)) or (self._mark != "" and self._mark in text[reasoning_end(text) :]))

    def _found(self, text: str) -> list[Span]:
        """Every answer part behind the reasoning, in order, with its position in the whole text."""
        thought = reasoning_end(text)
        return [Span(thought + span.start, thought + span.end, span.answer) for span in self.find(text[thought:])]

    @property
    def _mark(self) -> str:
        r"""The opening mark without brace and space: `####`, `\boxed`, or empty."""
        return self.opening.strip("{ ")
