"""What a fresh interpreter runs: it starts program and judge, each confined, as often as it is asked to.

Runs inside the sandbox. It never reads a program itself: for each it forks, and program and judge read their tasks
when they are apart. The program's has no tests, and it is left with two pipes, to the judge; the pipe on which the
verdict is told is the judge's alone.
"""

import ctypes
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from whet.sandbox.confine import confine
from whet.sandbox.solution import Solution, run_whole
from whet.sandbox.test_process import Line, hear
from whet.sandbox.wire import JUDGED, READY, WHOLE, GoneError, receive, send

_SIGNAL_ON_PARENTS_DEATH, _DUMPABLE = 1, 4


def main(control: int, terms: int) -> None:
    """Gives up what `terms` says, and then serves `control`: each message is what to do with the descriptors that come
    with it, the next one is to end that, and the status with which it ended is the reply. Ends with its asker.
    """
    sys.set_int_max_str_digits(0)
    sys.argv = [""]
    _shield()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with os.fdopen(terms, "rb") as file:
        confine(json.load(file))
    with socket.socket(fileno=control) as asker:
        asker.sendall(READY.encode())
        while (asked := socket.recv_fds(asker, 1, 4))[0]:
            what, descriptors, *_ = asked
            child = os.fork()
            if child == 0:
                asker.close()
                _shield()
                DO[what](nowhere, *descriptors)
                return
            _close(*descriptors)
            asker.sendall(bytes([_ended(child, asker)]))


def _ended(child: int, asker: socket.socket) -> int:
    """The status of a child and its group, when the asker says so. By then its number cannot be another's."""
    with suppress(PermissionError, ProcessLookupError):
        os.setpgid(child, child)
    asker.recv(1)
    with suppress(PermissionError, ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _whole(nowhere: int, verdict: int, task: int, given: int, printed: int) -> None:
    """Runs a program whole. `verdict` is held to its end, so that this is heard."""
    job = _confined(nowhere, task)
    os.dup2(given, 0)
    os.dup2(printed, 1)
    _close(given, printed)
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    _tell(verdict, job["nonce"], READY)
    run_whole(job["program"])


def _judged(nowhere: int, verdict: int, task: int, tests: int) -> None:
    """Runs a program's tests: the program in one more process."""
    heard, asks = os.pipe()
    answered, answers = os.pipe()
    if os.fork() == 0:
        _close(verdict, tests, asks, answered)
        _shield()
        _answer(nowhere, task, heard, answers)
    else:
        _close(task, heard, answers)
        _answer_checker(nowhere, verdict, tests, answered, asks)
    os._exit(0)


DO: Mapping[bytes, Callable[..., None]] = {JUDGED: _judged, WHOLE: _whole}


def _answer(nowhere: int, task: int, requests: int, replies: int) -> None:
    """The program's process: answers until the judge has heard enough."""
    job = _confined(nowhere, task)
    send(replies, READY)
    solution = Solution(job["program"])
    with os.fdopen(requests, "rb") as file, suppress(GoneError):
        while True:
            send(replies, solution.answer(receive(file)))


def _answer_checker(nowhere: int, verdict: int, task: int, replies: int, requests: int) -> None:
    """The judge's process: begins when the program's is confined."""
    job = _confined(nowhere, task)
    with os.fdopen(replies, "rb") as file:
        if receive(file) == READY:
            _tell(verdict, job["nonce"], READY)
            line = Line(file, requests)
            hear(job["tests"], job["setup"], job["stop"], line, lambda what: _tell(verdict, job["nonce"], what))


def _confined(nowhere: int, task: int) -> Any:
    """The task, once all that it says is given up. Complaints up to here go to standard error, later ones nowhere."""
    with os.fdopen(task, "rb") as file:
        job = json.load(file)
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
