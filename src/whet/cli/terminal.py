"""Terminal output shared by the commands: consoles, progress, tables or JSON."""

import atexit
import gc
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from json import dumps, loads
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO

from whet.cli.thread_waits import sleep_where_busy
from whet.compute.rank import rank
from whet.text import READABLE, shell_quoted

if TYPE_CHECKING:
    from whet.runs.views.view import View
    from whet.stages.run_result import RunResult
    from whet.train_loop.signals import Stop

WIDTH = 100
"""Columns of tables where there is no terminal: a pipe, a file."""


def own_name() -> str:
    """Returns the command that runs Whet: `whet` where that is on the PATH, else the script's relative path."""
    if Path(sys.argv[0]).name == "__main__.py":
        return "python -m whet"
    if shutil.which("whet"):
        return "whet"
    return shell_quoted(os.path.relpath(sys.argv[0]))


def tolerate_encodings() -> None:
    """Makes standard output and error take any text: what their encoding lacks is written as `whet.text.readable`.

    A stream that is closed becomes one that drops what is written to it.
    """
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=READABLE)


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123


def prepare() -> None:
    """Sets up libraries by environment variables, before they are imported, and makes the end quick.

    They give no warnings and show no progress bars; threads sleep while they wait where the machine is busy.
    """
    if said := sleep_where_busy():
        console(stderr=True).print(said, style="dim", soft_wrap=True)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    atexit.register(gc.freeze)  # else the collector walks over every object of torch and transformers once more


def console(stderr: bool = False) -> Any:
    """Returns a rich console that prints text without markup or highlighting."""
    from rich.console import Console, ConsoleDimensions

    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if (not made.is_terminal or made.is_dumb_terminal) and "COLUMNS" not in os.environ:
        made.size = ConsoleDimensions(_columns(made.file), 25)
    return made


def _columns(file: IO[str]) -> int:
    """The width of the terminal that `file` is, or `WIDTH`."""
    try:
        return os.get_terminal_size(file.fileno()).columns or WIDTH
    except (OSError, ValueError):
        return WIDTH


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
    """Returns strict JSON on one line, with escapes where standard output cannot take a character as it is."""
    from whet.runs import jsonl

    text = jsonl.encode(found).decode()
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return dumps(loads(text))
    return text


@contextmanager
def following() -> "Iterator[tuple[View, Stop]]":
    """Opens a run's live view and handles its stop signals during the block."""
    from whet.runs.views.live import make_view
    from whet.train_loop.signals import Stop

    with make_view() as view, (stop := Stop(view.note)).listening():
        yield view, stop


def show(result: "RunResult") -> None:
    """Prints the summary of a run, and writes its report beside it; of several processes the first one does."""
    if rank():
        return
    from whet.cli.tables import run_summary

    console().print(run_summary(result, own_name()))
    _report(result.path)


def _report(run: Path) -> None:
    """Writes the run's report and says where it is; whatever goes wrong there is said in a line and costs nothing."""
    from whet.dashboard.run_report import report

    page = console()
    try:
        page.print(f"report: {report(run)}", style="dim", markup=False, soft_wrap=True)
    except Exception as error:  # the run is finished and whole; a report can be written again
        again = f"{own_name()} report {shell_quoted(run)}"
        page.print(f"the report was not written ({error}); to try again: {again}", markup=False, soft_wrap=True)
