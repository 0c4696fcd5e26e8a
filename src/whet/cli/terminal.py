"""What the commands share of the terminal: consoles, progress, tables or JSON."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whet.runs.views.view import View
    from whet.stages.run_result import RunResult
    from whet.train_loop.signals import Stop

WIDE = 240
"""Columns where there is no terminal: a line stays a line, for logs and `grep`."""


def own_name() -> str:
    """What to type to get here again: `whet` where that is on the path, else where it lies."""
    if shutil.which("whet"):
        return "whet"
    return os.path.relpath(sys.argv[0])


def prepare() -> None:
    """Quiets the libraries under us: what they have to say is said in our own words, or not at all."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def console(stderr: bool = False) -> Any:
    """A console that prints text as it is."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = WIDE
    return made


def progress(as_json: bool) -> Any:
    """Progress on the terminal; on standard error where standard output is for JSON."""
    from whet.runs.views.live import make_view

    return make_view(console(stderr=as_json))


def tell(as_json: bool, found: dict[str, Any], picture: Any) -> None:
    """What was found: as one JSON object, or as a picture."""
    if as_json:
        print(encoded(found))
    else:
        console().print(picture)


def encoded(found: dict[str, Any]) -> str:
    """Strict JSON on one line."""
    from whet.runs import jsonl

    return jsonl.encode(found).decode()


@contextmanager
def following() -> "Iterator[tuple[View, Stop]]":
    """What a run is shown on and stopped by, while it goes."""
    from whet.runs.views.live import make_view
    from whet.train_loop.signals import Stop

    with make_view() as view, (stop := Stop(view.note)).listening():
        yield view, stop


def show(result: "RunResult") -> None:
    """Prints what a run came to."""
    from whet.cli.tables import run_summary

    console().print(run_summary(result, own_name()))
