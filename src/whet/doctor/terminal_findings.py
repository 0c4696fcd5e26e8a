"""What the terminal can show."""

import locale
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from whet.doctor.finding import Finding

if TYPE_CHECKING:
    from rich.console import Console

TOPIC = "terminal"

SIGNS = "θ→█✓…"
"""Signs that progress and tables use."""

NARROW = 80


def terminal_findings(console: "Console") -> Iterator[Finding]:
    """Yields findings on the encoding, the colours and the width of a console."""
    encoding = console.encoding
    figures = {"encoding": encoding, "locale": locale.setlocale(locale.LC_CTYPE), "width": console.width}
    try:
        SIGNS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        fix = "set LANG=C.UTF-8, or PYTHONUTF8=1; until then signs are replaced by plain ones"
        yield Finding(TOPIC, "encoding", f"{encoding} cannot write {len(SIGNS)} signs", "note", fix, figures)
    else:
        yield Finding(TOPIC, "encoding", f"{encoding}; these should be five signs: {SIGNS}", figures=figures)
    yield _kind(console)


def _kind(console: "Console") -> Finding:
    colours, figures = console.color_system, {"terminal": console.is_terminal, "colours": console.color_system}
    if not console.is_terminal:
        return Finding(TOPIC, "kind", "a pipe or a file: progress comes as plain lines", figures=figures)
    value = f"{console.width} columns, {colours or 'no'} colours"
    if os.environ.get("NO_COLOR"):
        value += " (NO_COLOR is set)"
    if console.width < NARROW:
        return Finding(TOPIC, "kind", value, "note", f"widen it to {NARROW} columns: tables are cut", figures)
    return Finding(TOPIC, "kind", value, figures=figures)
