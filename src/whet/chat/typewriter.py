"""Prints streamed text on a terminal, word-wrapped and without control characters."""

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

INDENT = "  "

_JOINERS = "\u200c\u200d"
"""Zero-width characters that are part of Persian words and of emoji."""
_RUNS = re.compile(r"\n|[^\S\n]+|\S+")


def harmless(text: str) -> str:
    r"""Replaces control characters, so that a model's text cannot control the terminal.

    >>> harmless("2\t+ 2\r\n\x1b[2J4")
    '2  + 2\n·[2J4'
    """
    return "".join(map(_harmless, text.replace("\r", "").replace("\t", "  ")))


def _harmless(letter: str) -> str:
    if letter.isprintable() or letter == "\n" or letter in _JOINERS:
        return letter
    return " " if letter.isspace() else "·"


class Typewriter:
    """Wraps text at `width` columns; prints each word as soon as it is complete.

    Drops white space at both ends of the text, and empty lines after the first.
    """

    def __init__(self, console: "Console", width: int) -> None:
        self._console = console
        self._room = max(width - 2 * len(INDENT), 10)
        self._begin()

    def _begin(self) -> None:
        self._column = self._breaks = 0
        self._space = self._word = self._style = ""
        self._anything = False

    def write(self, text: str, style: str = "") -> None:
        """Adds `text`, which may end inside a word."""
        self._style = style
        for run in _RUNS.findall(text):
            if run.isspace():
                self._put_word()
                self._breaks += run == "\n"
                self._space = "" if run == "\n" else self._space + run
            else:
                self._word += run
                self._break_long_word()

    def paragraph(self) -> None:
        """Begins a paragraph: the next word comes after an empty line."""
        self._put_word()
        self._breaks, self._space = 2, ""

    def end(self) -> None:
        """Prints the pending word, ends the line, and resets for another text."""
        self._put_word()
        if self._anything:
            self._out("\n")
        self._begin()

    def _break_long_word(self) -> None:
        """Breaks a word longer than a line, such as Chinese text without spaces."""
        while cell_len(self._word) > self._room:
            longest = min(len(self._word), self._room)
            fits = next(n for n in range(longest, 0, -1) if cell_len(self._word[:n]) <= self._room)
            rest, self._word = self._word[fits:], self._word[:fits]
            self._put_word()
            self._word = rest

    def _put_word(self) -> None:
        if not self._word:
            return
        too_long = self._column + len(self._space) + cell_len(self._word) > self._room
        if self._anything and (self._breaks or too_long):
            self._out("\n" * min(self._breaks or 1, 2))
            self._space = "" if too_long else self._space
            self._column = 0
        space = self._space if self._anything else ""
        self._out(f"{'' if self._column else INDENT}{space}{self._word}", self._style)
        self._column += len(space) + cell_len(self._word)
        self._breaks, self._space, self._word, self._anything = 0, "", "", True

    def _out(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), end="", soft_wrap=True, highlight=False)
