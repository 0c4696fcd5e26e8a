"""Waiting that says so: long work reports that it is still under way, and hopeless work is given up."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Say = Callable[[str], None]
"""Where a line about what is going on goes: a terminal view, a log, or nowhere."""

Result = TypeVar("Result")


def silent(text: str) -> None:
    """Says nothing."""


def patiently(
    work: Callable[[], Result],
    what: str,
    say: Say = silent,
    every: float = 15.0,
    deadline: float | None = None,
) -> Result:
    """The result of `work()`, with a line "still `what` (30 s)" every `every` seconds while it lasts.

    After `deadline` seconds the work is abandoned (its thread cannot keep the program alive) and
    `TimeoutError` is raised. What `work` raises is raised here.

    >>> patiently(lambda: 6 * 7, "multiplying")
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
        say(f"still {what} ({waited:.0f} s)")
    if failure:
        raise failure[0]
    return outcome[0]


def _run(work: Callable[[], Result], outcome: list[Result], failure: list[BaseException]) -> None:
    try:
        outcome.append(work())
    except BaseException as error:  # handed over to the caller's thread
        failure.append(error)
