"""Terminal output shared by the commands: consoles, progress, tables or JSON."""

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
"""Columns without a terminal, so that lines are not wrapped in logs."""


def own_name() -> str:
    """Returns the command that runs Whet: `whet` where that is on the PATH, else the script's relative path."""
    if shutil.which("whet"):
        return "whet"
    return os.path.relpath(sys.argv[0])


def prepare() -> None:
    """Silences the warnings and progress bars of libraries, by environment variables."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def console(stderr: bool = False) -> Any:
    """Returns a rich console that prints text without markup or highlighting."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = WIDE
    return made


def progress(as_json: bool) -> Any:
    """Returns a progress view on the terminal; on standard error with `as_json`."""
    from whet.runs.views.live import make_view

    return make_view(console(stderr=as_json))


def tell(as_json: bool, found: dict[str, Any], picture: Any) -> None:
    """Prints a result, as one JSON object or as the rich table `picture`."""
    if as_json:
        print(encoded(found))
    else:
        console().print(picture)


def encoded(found: dict[str, Any]) -> str:
    """Returns strict JSON on one line."""
    from whet.runs import jsonl

    return jsonl.encode(found).decode()


@contextmanager
def following() -> "Iterator[tuple[View, Stop]]":
    """Opens a run's live view and handles its stop signals during the block."""
    from whet.runs.views.live import make_view
    from whet.train_loop.signals import Stop

    with make_view() as view, (stop := Stop(view.note)).listening():
        yield view, stop


def show(result: "RunResult") -> None:
    """Prints the summary of a run."""
    from whet.cli.tables import run_summary

    console().print(run_summary(result, own_name()))
