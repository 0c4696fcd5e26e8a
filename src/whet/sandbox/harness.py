"""The harness, a server inside the sandbox: forks a confined program and its confined test process for each request.

It never reads a program itself: it forks, and the program's process and the test process each read their own task. The
program's process has no tests and only two pipes to the test process; only the test process has the pipe for verdicts.
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
from whet.sandbox.solution import Solution, run_script
from whet.sandbox.verdict_process import RpcClient, run_tests
from whet.sandbox.wire import READY, SCRIPT, TESTS, GoneError, receive, send

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


def main(control: int, policy: int) -> None:
    """Confines itself by the JSON in `policy`, then serves the socket `control` until its other end is closed.

    Each message is a key of `JOBS` with the descriptors for it; the next message ends that job, and the job's exit
    status is the reply.
    """
    sys.set_int_max_str_digits(0)
    sys.argv = [""]
    _protect()
    devnull = os.open(os.devnull, os.O_WRONLY)
    with os.fdopen(policy, "rb") as file:
        confine(json.load(file))
    with socket.socket(fileno=control) as server:
        server.sendall(READY.encode())
        while (message := socket.recv_fds(server, 1, 4))[0]:
            job, descriptors, *_ = message
            child = os.fork()
            if child == 0:
                server.close()
                _protect()
                JOBS[job](devnull, *descriptors)
                return
            _close(*descriptors)
            server.sendall(bytes([_ended(child, server)]))


def _ended(child: int, server: socket.socket) -> int:
    """Waits for the message that ends a job, kills the child's process group, and returns the child's exit status."""
    with suppress(PermissionError, ProcessLookupError):
        os.setpgid(child, child)
    server.recv(1)
    # Kill before wait: until the child is reaped, no other process can get its process id.
    with suppress(PermissionError, ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _script(devnull: int, verdict: int, task: int, stdin: int, stdout: int) -> None:
    """Runs a program as a script. `verdict` stays open in it: its other end reads end-of-file when the program ends."""
    job = _confined(devnull, task)
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    _close(stdin, stdout)
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    _report(verdict, job["nonce"], READY)
    run_script(job["program"])


def _tests(devnull: int, verdict: int, solution: int, tests: int) -> None:
    """Forks the program's process and becomes the test process."""
    requests_read, requests_write = os.pipe()
    replies_read, replies_write = os.pipe()
    if os.fork() == 0:
        _close(verdict, tests, requests_write, replies_read)
        _protect()
        _answer_requests(devnull, solution, requests_read, replies_write)
    else:
        _close(solution, requests_read, replies_write)
        _test(devnull, verdict, tests, replies_read, requests_write)
    os._exit(0)


JOBS: Mapping[bytes, Callable[..., None]] = {TESTS: _tests, SCRIPT: _script}


def _answer_requests(devnull: int, task: int, requests: int, replies: int) -> None:
    """Answers requests in the program's process until the test process has ended."""
    job = _confined(devnull, task)
    send(replies, READY)
    solution = Solution(job["program"])
    with os.fdopen(requests, "rb") as file, suppress(GoneError):
        while True:
            send(replies, solution.answer(receive(file)))


def _test(devnull: int, verdict: int, task: int, replies: int, requests: int) -> None:
    """Runs the tests in the test process, once the program's process is confined."""
    job = _confined(devnull, task)
    with os.fdopen(replies, "rb") as file:
        if receive(file) == READY:
            _report(verdict, job["nonce"], READY)
            program = RpcClient(file, requests)
            run_tests(
                job["tests"], job["setup"], job["stop"], program, lambda what: _report(verdict, job["nonce"], what)
            )


def _confined(devnull: int, task: int) -> Any:
    """Reads the task, applies its policy, and returns it. Later output to standard error is discarded."""
    with os.fdopen(task, "rb") as file:
        job = json.load(file)
    confine(job["policy"])
    os.dup2(devnull, 2)
    _close(devnull)
    return job


def _report(verdict: int, nonce: str, what: str) -> None:
    os.write(verdict, f"{nonce} {what}\n".encode(errors="replace"))


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _protect() -> None:
    """Has the kernel kill this process when its parent ends, and lets no other process read its memory."""
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
