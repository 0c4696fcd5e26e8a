"""Finds answer parts in a text: tags, boxes, `####` lines and numbers, all in time linear in any text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

NUMBER = re.compile(
    r"(?:(?<![\w)\]}])[-−])?(?:[1-9]\d{0,2}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<![\d.])[-−]?\.\d+", re.ASCII
)
"""A number in running text; a minus is a sign only where no operand precedes it."""

_BRACES = re.compile(r"\\(?:boxed|fbox)\s*\{|\\[{}]|[{}]")
_HASHES = re.compile(r"(?<!#)####(?!#)[ \t]*([^\n]*)")


@dataclass(frozen=True, slots=True)
class Span:
    """An answer part: its position in a text, marks included, and its answer."""

    start: int
    end: int
    answer: str

    def cut(self, text: str) -> tuple[str, str, str]:
        """Splits the text into before, within and after this part."""
        return text[: self.start], text[self.start : self.end], text[self.end :]


def tag_blocks(text: str, tag: str) -> list[str]:
    """The contents of complete `<tag>…</tag>` blocks, in order; of nested ones, the innermost.

    >>> tag_blocks("<a>1</a> <a>2 <a>3</a>", "a")
    ['1', '3']
    """
    opened = (block.partition(f"</{tag}>") for block in text.split(f"<{tag}>")[1:])
    return [body for body, closed, _ in opened if closed]


def boxes(text: str) -> list[Span]:
    r"""Every `\boxed{…}` and `\fbox{…}` whose braces balance, in the order in which they close.

    >>> [span.answer for span in boxes("\\boxed{4}, so \\boxed{\\{1, 2\\}} and \\boxed{")]
    ['4', '\\{1, 2\\}']
    """
    spans: list[Span] = []
    openings: list[tuple[int, int] | None] = []  # a stack of open braces: span of `\boxed{`, None for others
    for found in _BRACES.finditer(text) if "box" in text else ():
        if found[0] == "}":
            box = openings.pop() if openings else None
            spans += [Span(box[0], found.end(), text[box[1] : found.start()])] if box else []
        elif found[0] == "{" or len(found[0]) > 2:
            openings.append(found.span() if len(found[0]) > 2 else None)
    return spans


def hash_lines(text: str) -> list[Span]:
    """Every `#### answer`, GSM8K's layout, each up to the end of its line.

    >>> [span.answer for span in hash_lines("48 / 2 = 24\\n#### 24\\n")]
    ['24']
    """
    return [Span(found.start(), found.end(), found[1]) for found in _HASHES.finditer(text)]


def numbers(text: str) -> Iterator[Span]:
    """Every integer or decimal number of a text.

    >>> [span.answer for span in numbers("3 of 12-2 cost $1,080.50, not -7.")]
    ['3', '12', '2', '1,080.50', '-7']
    """
    return (Span(found.start(), found.end(), found[0]) for found in NUMBER.finditer(text))


def last_number(text: str) -> list[Span]:
    """The last number of a text, in a list of at most one."""
    return list(numbers(text))[-1:]
