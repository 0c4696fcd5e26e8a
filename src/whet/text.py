"""Text that people read: one line of untrusted text without control characters or secrets, and where lines go."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from whet.redact import redact

if TYPE_CHECKING:
    from rich.console import Console

Log = Callable[[str], None]
"""Where a line for people goes: the terminal view, a log file, or nowhere."""


def silent(text: str) -> None:
    """A `Log` that drops the line."""


def one_line(text: str, width: int = 100) -> str:
    r"""`text` on one line of at most `width` characters, control characters shown as a dot.

    >>> one_line("37 + 45\n= \x1b[2J82"), one_line("abcdef", 4)
    ('37 + 45 = ·[2J82', 'abc…')
    """
    clean = _clean(text)
    return clean if len(clean) <= width else clean[: width - 1] + "…"


def both_ends(text: str, width: int = 100) -> str:
    """The same, but what does not fit is left out of the middle: responses end with their answer.

    >>> both_ends("so the answer is 42", 12)
    'so the…s 42'
    """
    clean = _clean(text)
    end = width // 3
    return clean if len(clean) <= width else f"{clean[: width - end - 1].rstrip()}…{clean[-end:]}"


def first_line(error: BaseException) -> str:
    r"""The first line of what an error says, without secrets; its type where it says nothing.

    >>> first_line(ValueError("no tokenizer\nTraceback …")), first_line(ValueError())
    ('no tokenizer', 'ValueError')
    """
    return redact(str(error)).strip().partition("\n")[0] or type(error).__name__


def percent(share: float) -> str:
    """A share in words: to one decimal below ten per cent, to a whole number above.

    >>> percent(1 / 64), percent(0.664), percent(1.0)
    ('1.6 %', '66 %', '100 %')
    """
    return f"{round(100 * share, 1 if share < 0.0995 else 0):g} %"


def can_animate(console: "Console") -> bool:
    """Whether `console` is a terminal on which lines can be drawn over, in Unicode."""
    return console.is_terminal and not console.is_dumb_terminal and console.encoding.startswith("utf")


def print_plain(console: "Console", text: str) -> None:
    """A line straight to the file, unwrapped; characters that it cannot hold become question marks."""
    console.file.write(text.encode(console.encoding, errors="replace").decode(console.encoding) + "\n")
    console.file.flush()


def _clean(text: str) -> str:
    line = " ".join(redact(text).split())
    return "".join(letter if letter.isprintable() else "·" for letter in line)
