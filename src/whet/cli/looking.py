"""The commands that look at runs: `whet runs`, `whet show`, `whet report`, `whet ui`."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from whet.cli.arguments import whole_number
from whet.cli.common import Count, Json
from whet.cli.terminal import console, tell

Runs = Annotated[Path, Positional, arg(metavar="RUNS", help="the folder that runs lie in")]


def runs(folder: Runs = Path("runs"), /, *, json: Json = False) -> None:
    """List the runs of a folder: state, step, held-out accuracy with its interval, reward, size."""
    from whet.cli.run_tables import runs_table
    from whet.dashboard.library import Library
    from whet.dashboard.rows.run_list import run_rows

    rows = run_rows(Library(folder).listing(), budget=float("inf"))
    page = console()
    tell(json, {"runs": rows}, runs_table(rows, page.width, folder))


def show(
    run: Annotated[str, Positional, arg(metavar="RUN", help="a run folder, or the name of one in runs/")],
    /,
    *,
    step: Count = None,
    group: Count = None,
    problem: Annotated[str | None, arg(metavar="ID")] = None,
    json: Json = False,
) -> None:
    """Show what the page shows of a run: an overview, one step, one group, or one problem over the steps.

    Args:
        step: all groups of this step, with the beginning of each completion; "last" is the newest.
        group: with --step: the completions of this group, whole.
        problem: this problem at every visit, with its pass share and its answers.
    """
    from whet.cli.run_tables import shown
    from whet.dashboard.open_run import open_run
    from whet.dashboard.rows.one_view import one_view
    from whet.runs.address import find_run

    at = None if step is None or step == "last" else whole_number("step", step)
    inside = None if group is None else whole_number("group", group)
    opened = open_run(find_run(run))
    kind, found = one_view(opened, at, inside, problem, newest=step == "last")
    tell(json, found, shown(kind, found, console().width))


def ui(
    folder: Runs = Path("runs"),
    /,
    *,
    port: Count = None,
    host: Annotated[str, arg(metavar="ADDRESS")] = "127.0.0.1",
    no_open: bool = False,
) -> None:
    """Open the runs of a folder in the browser: live while they go, every rollout of every step, chat.

    Args:
        port: the port to serve on; the default is 8642, or a free one where that is taken.
        host: the address to serve on. Others than this machine's own need a secret in WHET_UI_TOKEN.
        no_open: print the link and open no browser.
    """
    from whet.dashboard.serving import serve

    number = None if port is None else whole_number("port", port)
    serve(folder, number, host, browser=not no_open, tell=lambda line: print(line, flush=True))


def report(
    run: Annotated[str, Positional, arg(metavar="RUN", help="a run folder, or the name of one in runs/")],
    /,
    *,
    to: Annotated[Path | None, arg(metavar="FILE")] = None,
) -> None:
    """Write the report of a run: one HTML file that fetches nothing, to read, send or print.

    Args:
        to: the file to write; the default is report.html in the run's folder.
    """
    from whet.dashboard.run_report import report as write

    print(write(run, to))
