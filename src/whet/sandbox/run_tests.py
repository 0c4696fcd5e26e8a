"""Runs a program against its tests, or on an input, in a sandbox with limits of time, memory and output."""

import json
import math
import secrets
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from whet.sandbox.backends import Backend
from whet.sandbox.descriptors import pipe, read_all_by, read_by, unnamed_file
from whet.sandbox.server import START_TIMEOUT, Server
from whet.sandbox.wire import PASSED, READY, SCRIPT, TESTS

MAX_OUTPUT = 16 * 2**20
"""Bytes that a program may print."""


@dataclass(frozen=True)
class Sandbox:
    """A backend with its limits. Every process that a call starts has ended when the call returns.

    Each call starts a harness, unless it is given a server, which has one already.
    """

    backend: Backend
    timeout: float = 5.0
    """Seconds for one test; the first one's include loading the program."""
    memory: int = 512
    """Megabytes of address space."""

    def test(
        self, program: str, tests: Sequence[str], setup: str = "", stop: bool = False, server: Server | None = None
    ) -> list[str]:
        """Returns the verdict on each test: `passed`, or why not. No test is run after one that times out or, with
        `stop`, fails.

        Raises:
            SandboxError: the sandbox did not start.
        """
        policy, nonce = self._policy(len(tests)), secrets.token_hex(16)
        task = {"policy": policy, "nonce": nonce, "tests": list(tests), "setup": setup, "stop": stop}
        with (
            unnamed_file(json.dumps({"policy": policy, "program": program})) as solution,
            unnamed_file(json.dumps(task)) as tested,
            pipe() as (reads, verdict),
            self._serving(server) as harness,
        ):
            harness.begin(TESTS, [verdict.fileno(), solution, tested])
            verdict.close()  # leaves the sandbox the only write end, so that `reads` ends with the test process
            lines = self._verdicts(reads, nonce, len(tests))
            harness.end()
            if READY not in lines[:1]:
                raise harness.no_answer()
        verdicts = lines[1 : len(tests) + 1]
        why = "not run" if stop and verdicts and verdicts[-1] != PASSED else f"failed: took over {self.timeout:g} s"
        return verdicts + [why] * (len(tests) - len(verdicts))

    def run(self, program: str, text: str, server: Server | None = None) -> str | None:
        """Returns what a program prints given `text` as input; `None` where it fails, times out or prints too much.

        Raises:
            SandboxError: the sandbox did not start.
        """
        nonce = secrets.token_hex(16)
        with (
            unnamed_file(json.dumps({"policy": self._policy(1), "nonce": nonce, "program": program})) as task,
            unnamed_file(text) as stdin,
            pipe() as (reads, verdict),
            pipe() as (prints, stdout),
            self._serving(server) as harness,
        ):
            harness.begin(SCRIPT, [verdict.fileno(), task, stdin, stdout.fileno()])
            verdict.close()
            stdout.close()
            ready = self._verdicts(reads, nonce, 0)
            deadline = time.monotonic() + self.timeout
            output = read_all_by(prints, deadline, MAX_OUTPUT) if ready else b""
            if ready and len(output) <= MAX_OUTPUT:
                read_all_by(reads, deadline, MAX_OUTPUT)  # up to the program's end
            status = harness.end()
            if READY not in ready[:1]:
                raise harness.no_answer()
        return output.decode(errors="replace") if status == 0 and len(output) <= MAX_OUTPUT else None

    def _serving(self, server: Server | None) -> AbstractContextManager[Server]:
        return Server(self.backend) if server is None else nullcontext(server)

    def _policy(self, tests: int) -> dict[str, Any]:
        """The restrictions and limits of a process; `seconds` of CPU time back up the wall-clock timeout."""
        seconds = math.ceil(tests * self.timeout) + 1
        return {"restrictions": self.backend.per_process, "memory": self.memory, "seconds": seconds}

    def _verdicts(self, reads: int, nonce: str, count: int) -> list[str]:
        """Reads the lines that begin with the nonce: `READY`, then up to `count` verdicts, each within the timeout."""
        found: list[str] = []
        rest, deadline = b"", time.monotonic() + START_TIMEOUT
        while len(found) <= count and (chunk := read_by(reads, deadline)):
            *lines, rest = (rest + chunk).split(b"\n")
            marked = (line.decode(errors="replace").partition(" ") for line in lines)
            found += [what for mark, _, what in marked if mark == nonce]
            deadline = time.monotonic() + self.timeout if lines else deadline
        return found
