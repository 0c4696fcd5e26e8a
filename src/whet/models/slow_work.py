"""Slow work on a thread: a line now and then while it runs, and a deadline after which it is abandoned."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from whet.text import Log, silent

Result = TypeVar("Result")


def report_while_running(
    work: Callable[[], Result],
    what: str,
    log: Log = silent,
    every: float = 15.0,
    deadline: float | None = None,
) -> Result:
    """The result of `work()`, with a line "still `what` (30 s)" every `every` seconds while it lasts.

    After `deadline` seconds the work is abandoned (its thread cannot keep the program alive) and
    `TimeoutError` is raised. What `work` raises is raised here.

    >>> report_while_running(lambda: 6 * 7, "multiplying")
    42
    """
    outcome: list[Result] = []
    failure: list[BaseException] = []
    thread = threading.Thread(target=_run, args=(work, outcome, failure), daemon=True)
    started = time.monotonic()
    thread.start()
    while True:
        waited = time.monotonic() - started
        thread.join(every if deadline is None else max(0.0, min(every, deadline - waited)))
        waited = time.monotonic() - started
        if not thread.is_alive():
            break
        if deadline is not None and waited >= deadline:
            raise TimeoutError(f"no answer in {deadline:g} s while {what}")
        log(f"still {what} ({waited:.0f} s)")
    if failure:
        raise failure[0]
    return outcome[0]


def _run(work: Callable[[], Result], outcome: list[Result], failure: list[BaseException]) -> None:
    try:
        outcome.append(work())
    except BaseException as error:  # handed over to the caller's thread
        failure.append(error)
