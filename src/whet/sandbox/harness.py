"""What a fresh interpreter runs first: it starts program and judge, each confined. Runs inside the sandbox.

The two share one interpreter's start: it forks before either has read its task, and each closes what belongs to the
other. The program gets a task without tests and two pipes, to the judge; the verdict's pipe is the judge's alone.
"""

import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

from whet.sandbox.confine import confine
from whet.sandbox.judge import Line, hear
from whet.sandbox.solution import Solution, run_whole
from whet.sandbox.wire import READY, GoneError, receive, send

_SIGNAL_ON_PARENTS_DEATH, _DUMPABLE = 1, 4


def main(verdict: int, task: int, tests: int | None = None) -> None:
    """Reads what to do from `task` and, as judge, from `tests`, and tells on `verdict` what comes of it.

    Without `tests`, the program is run whole, on descriptors 0 and 1, and `verdict` only hears that it begins.
    """
    sys.set_int_max_str_digits(0)
    sys.argv = [""]
    _shield()
    if tests is None:
        _whole(verdict, task)
        return
    heard, asks = os.pipe()
    answered, answers = os.pipe()
    if os.fork() == 0:
        _close(verdict, tests, asks, answered)
        _shield()
        _answer(task, heard, answers)
    else:
        _close(task, heard, answers)
        _judge(verdict, tests, answered, asks)
    os._exit(0)


def _whole(verdict: int, task: int) -> None:
    job = _confined(task)
    _tell(verdict, job["nonce"], READY)
    _close(verdict)
    run_whole(job["program"])


def _answer(task: int, requests: int, replies: int) -> None:
    """The program's process: answers until the judge has heard enough."""
    job = _confined(task)
    send(replies, READY)
    solution = Solution(job["program"])
    with os.fdopen(requests, "rb") as file, suppress(GoneError):
        while True:
            send(replies, solution.answer(receive(file)))


def _judge(verdict: int, task: int, replies: int, requests: int) -> None:
    """The judge's process: begins when the program's is confined."""
    job = _confined(task)
    with os.fdopen(replies, "rb") as file:
        if receive(file) == READY:
            _tell(verdict, job["nonce"], READY)
            line = Line(file, requests)
            hear(job["tests"], job["setup"], job["stop"], line, lambda what: _tell(verdict, job["nonce"], what))


def _confined(task: int) -> Any:
    """The task, once all that it says is given up. Complaints up to here go to standard error, later ones nowhere."""
    with os.fdopen(task, "rb") as file:
        job = json.load(file)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    confine(job["terms"])
    os.dup2(nowhere, 2)
    _close(nowhere)
    return job


def _tell(verdict: int, nonce: str, what: str) -> None:
    os.write(verdict, f"{nonce} {what}\n".encode(errors="replace"))


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _shield() -> None:
    """Whoever ends, those whom it started end too, even where they are asleep; and nobody reads another's memory."""
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None)
        libc.prctl(_SIGNAL_ON_PARENTS_DEATH, int(signal.SIGKILL), 0, 0, 0)
        libc.prctl(_DUMPABLE, 0, 0, 0, 0)
