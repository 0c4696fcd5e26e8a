"""Runs slow work on a thread, with a log line at intervals and an optional deadline."""

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
    """Returns the result of `work()`; logs "still `what` (30 s)" every `every` seconds while it runs.

    After `deadline` seconds, raises `TimeoutError` and abandons the work (its thread does not keep the program
    alive). What `work` raises is raised here.

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
    except BaseException as error:  # raised again in the caller's thread
        failure.append(error)
