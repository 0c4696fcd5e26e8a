"""Text for people: untrusted text as one line without control characters or secrets, percentages, log functions."""

import codecs
import shlex
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from whet.redact import redact

if TYPE_CHECKING:
    from rich.console import Console

Log = Callable[[str], None]
"""Receives a line for people: the terminal view, a log file, or `silent`."""


INVISIBLE = "\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
"""For a class of a regular expression: format characters that are drawn as nothing and change no word."""


def silent(text: str) -> None:
    """A `Log` that discards the line."""


def one_line(text: str, width: int = 100) -> str:
    r"""Returns `text` as one line of at most `width` characters, without secrets, control characters shown as a dot.

    >>> one_line("37 + 45\n= \x1b[2J82"), one_line("abcdef", 4)
    ('37 + 45 = ·[2J82', 'abc…')
    """
    clean = _clean(text)
    return clean if len(clean) <= width else clean[: width - 1] + "…"


def both_ends(text: str, width: int = 100) -> str:
    """As `one_line`, but cuts the middle rather than the end: completions end with their answer.

    >>> both_ends("so the answer is 42", 12)
    'so the…s 42'
    """
    clean = _clean(text)
    end = width // 3
    return clean if len(clean) <= width else f"{clean[: width - end - 1].rstrip()}…{clean[-end:]}"


def first_line(error: BaseException) -> str:
    r"""Returns the first line of an error's message, without secrets; its type where the message is empty.

    >>> first_line(ValueError("no tokenizer\nTraceback …")), first_line(ValueError())
    ('no tokenizer', 'ValueError')
    """
    return redact(str(error)).strip().partition("\n")[0] or type(error).__name__


def shell_quoted(value: object) -> str:
    """Returns a path or a value as one word of a command: quoted where a shell would divide or change it.

    >>> shell_quoted("runs/sums-001"), shell_quoted("my runs/sums-001:base")
    ('runs/sums-001', "'my runs/sums-001:base'")
    """
    return shlex.quote(str(value))


def percent(share: float) -> str:
    """Formats a fraction as a percentage: one decimal below ten per cent, a whole number above.

    >>> percent(1 / 64), percent(0.664), percent(1.0)
    ('1.6 %', '66 %', '100 %')
    """
    return f"{round(100 * share, 1 if share < 0.0995 else 0):g} %"


def token_texts(decode: Callable[[Sequence[int]], str], tokens: Sequence[int]) -> Iterator[str]:
    """Yields what each token adds to the text; a letter that spans tokens comes with the last of them.

    Each step decodes a few tokens before, because a tokenizer may decode a word differently at the start of a text.
    """
    start = shown = 0
    for end in range(1, len(tokens) + 1):
        before, text = decode(tokens[start:shown]), decode(tokens[start:end])
        if text.endswith("\N{REPLACEMENT CHARACTER}") and end < len(tokens):
            yield ""
            continue
        yield text[len(before) :]
        start, shown = shown, end


def can_animate(console: "Console") -> bool:
    """Whether `console` is a terminal that can redraw lines and show Unicode."""
    return console.is_terminal and not console.is_dumb_terminal and console.encoding.startswith("utf")


def print_plain(console: "Console", text: str) -> None:
    """Writes a line to the console's file, unwrapped, as `readable` where its encoding lacks a character.

    A reader that has gone away, as `head` does, is no reason to end what is being told of.
    """
    with suppress(BrokenPipeError):
        console.file.write(text.encode(console.encoding, errors=READABLE).decode(console.encoding) + "\n")
        console.file.flush()


READABLE = "whet.readable"
"""The error handler of encodings that `readable` is registered as."""

_SIGNS = "→←↑↓…·•✓✗■–—−─│╭╮╰╯×“”„«»‘’≤≥≈"
_PLAIN = '><^v~.*+x#----|++++x"""""\'\'<>~'
_STAND_INS = dict(zip(_SIGNS, _PLAIN, strict=True))


def readable(error: UnicodeError) -> tuple[str, int]:
    """Replaces characters that an encoding lacks, one for one, so that tables keep their columns.

    Signs by ones that look or read alike, letters by the letter without its accent, anything else by a question mark.

    >>> "η → 71 % … café 漢".encode("ascii", READABLE).decode()
    '? > 71 % ~ cafe ?'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_stand_in, error.object[error.start : error.end])), error.end


def _stand_in(letter: str) -> str:
    plain = _STAND_INS.get(letter) or unicodedata.normalize("NFKD", letter)[0]
    return plain if plain.isascii() else "?"


codecs.register_error(READABLE, readable)


def _clean(text: str) -> str:
    line = " ".join(redact(text).split())
    return "".join(letter if letter.isprintable() else "·" for letter in line)
