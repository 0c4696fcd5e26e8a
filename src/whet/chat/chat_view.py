"""Shows a chat: word by word and in colour on a terminal, as plain text elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from rich.text import Text

from whet.chat.chat_model import Reply
from whet.chat.parts import Part, Speaker, StreamChunk
from whet.chat.typewriter import INDENT, Typewriter, harmless
from whet.formats import ResponseFormat
from whet.text import can_animate, print_plain

if TYPE_CHECKING:
    from rich.console import Console

WIDEST = 96
"""Maximum columns of text: longer lines are hard to read."""
QUIET = "dim"
COLOURS: dict[Speaker, str] = {"model": "green", "base": "yellow"}
STYLES: dict[Part, str] = {"reasoning": "dim italic", "answer": "bold {colour}", "other": ""}
BASE_TITLE = "The untrained model"
CONTROLS = "Each question stands alone. /quit or Ctrl-D ends, Ctrl-C stops an answer."


class ChatView(Protocol):
    """The interface of a chat's input and output."""

    def open(self, name: str, response_format: ResponseFormat | None, temperature: float, controls: str) -> None:
        """Shows the model's name, format and temperature, and what can be typed."""

    def questions(self) -> Iterator[str]:
        """Yields input lines until the input ends or Ctrl-C is pressed."""

    def piece(self, piece: StreamChunk) -> None:
        """Shows a chunk of a completion."""

    def reply(self, reply: Reply) -> None:
        """Shows what is missing of a whole completion, and ends it."""

    def note(self, text: str) -> None:
        """Shows a line about the chat; ends the current completion."""


def make_page(console: "Console") -> ChatView:
    """Returns a view that streams words if `console` is a terminal, else one of plain text."""
    return TerminalPage(console) if can_animate(console) else PlainPage(console)


def by_hand() -> bool:
    """Whether standard input is a terminal rather than a file or pipe."""
    return sys.stdin is not None and sys.stdin.isatty()


def typed(prompt: str) -> Iterator[str]:
    """Yields lines of standard input until it ends or Ctrl-C is pressed; shows `prompt` on a terminal only."""
    with suppress(ImportError, AttributeError):
        import readline  # noqa: F401  (its import gives `input` arrow keys and history)

        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    while True:
        try:
            line = input(prompt if by_hand() else "")
        except (EOFError, KeyboardInterrupt, RuntimeError):  # the last: standard input is closed
            return
        yield line


class TerminalPage:
    """A `ChatView` for terminals: reasoning dim, the answer in colour under it."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._writer = Typewriter(console, min(console.width, WIDEST))
        self._speaker: Speaker | None = None
        self._part: Part | None = None
        self._answer = ""

    def _start(self, speaker: Speaker | None) -> None:
        """Resets the state for a completion of `speaker`, or, with `None`, after one has ended."""
        self._speaker, self._part, self._answer = speaker, None, ""
        if speaker == "base":
            self._line(f"{INDENT}{BASE_TITLE}", COLOURS["base"])

    def open(self, name: str, response_format: ResponseFormat | None, temperature: float, controls: str) -> None:
        how = f"temperature {temperature:g}" if temperature else "greedy"
        shown = response_format.name if response_format else "no format"
        self._console.print(Text.assemble("\n", INDENT, (name, "bold"), (f" · {shown} · {how}", QUIET)))
        self._line(f"{INDENT}{controls}\n", QUIET)

    def questions(self) -> Iterator[str]:
        start, stop = ("\001\x1b[1;36m\002", "\001\x1b[0m\002") if self._console.color_system else ("", "")
        for line in typed(f"{start}you ›{stop} "):
            self._line("" if by_hand() else f"you › {harmless(line)}\n")
            yield line
        self._line("")

    def piece(self, piece: StreamChunk) -> None:
        if self._speaker is None:
            self._start(piece.speaker)
        if piece.part != self._part:
            self._writer.paragraph()
            self._answer = "" if piece.part == "answer" else self._answer
            self._part = piece.part
        text = harmless(piece.text)
        if piece.part == "answer":
            text = text if self._answer else text.lstrip()
            arrow = "▸ " if text and not self._answer else ""
            self._answer += text
            text = arrow + text
        self._writer.write(text, STYLES[piece.part].format(colour=COLOURS[piece.speaker]))

    def reply(self, reply: Reply) -> None:
        if reply.answer and harmless(reply.answer) != self._answer.strip():
            self._part = None
            self.piece(StreamChunk(reply.answer, "answer", reply.speaker))
        cut = "  ·  truncated" if reply.finish == "length" else ""
        self.note(f"{reply.tokens} tokens  ·  {reply.seconds:.1f} s{cut}")

    def note(self, text: str) -> None:
        self._writer.end()
        self._start(None)
        self._line(f"{INDENT}{harmless(text)}\n", QUIET)

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)


class PlainPage:
    """A `ChatView` in plain text: each whole completion, its reasoning and then its answer."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._sections: list[tuple[Part, str]] = []

    def open(self, name: str, response_format: ResponseFormat | None, temperature: float, controls: str) -> None:
        """Prints nothing."""

    def questions(self) -> Iterator[str]:
        for line in typed("you > "):
            if not by_hand():
                self.note(f"you > {line}")
            yield line

    def piece(self, piece: StreamChunk) -> None:
        if not self._sections or self._sections[-1][0] != piece.part:
            self._sections.append((piece.part, ""))
        part, text = self._sections.pop()
        self._sections.append((part, text + piece.text))

    def reply(self, reply: Reply) -> None:
        if reply.answer and reply.answer not in [text.strip() for part, text in self._sections if part == "answer"]:
            self._sections.append(("answer", reply.answer))
        if reply.speaker == "base":
            self._print(f"{BASE_TITLE}:")
        for part, text in self._sections:
            if text.strip():
                self._print(f"{'Answer: ' if part == 'answer' else ''}{text.strip()}")
        self._sections = []

    def note(self, text: str) -> None:
        self._sections = []
        self._print(text)

    def _print(self, text: str) -> None:
        """Prints a paragraph."""
        print_plain(self._console, f"{harmless(text)}\n")
