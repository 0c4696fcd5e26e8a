"""Running a program against its tests, in a sandbox: what goes in, what comes out, and how long it may take."""

import math
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, BinaryIO

from whet.sandbox.anonymous_files import json_file, text_file
from whet.sandbox.backends import Backend
from whet.sandbox.process import read_all_by, read_by
from whet.sandbox.server import START, Server
from whet.sandbox.wire import JUDGED, PASSED, READY, WHOLE

LONGEST_OUTPUT = 16 * 2**20
"""Bytes that a program may print."""


@dataclass(frozen=True)
class Sandbox:
    """A kind of sandbox and its limits. What a call starts has ended when the call returns.

    Each call starts a sandbox of its own, unless it is given a server, which has started one already.
    """

    kind: Backend
    timeout: float = 5.0
    """Seconds for one test; the first one's include loading the program."""
    memory: int = 512
    """Megabytes of address space."""

    def test(
        self, program: str, tests: Sequence[str], setup: str = "", stop: bool = False, server: Server | None = None
    ) -> list[str]:
        """What comes of each test: `passed`, or why not. One that takes too long is the last one to be run, and so is,
        with `stop`, one that fails.

        Raises:
            SandboxError: the sandbox did not start.
        """
        terms, nonce = self._terms(len(tests)), secrets.token_hex(16)
        judged = {"terms": terms, "nonce": nonce, "tests": list(tests), "setup": setup, "stop": stop}
        with (
            json_file({"terms": terms, "program": program}) as task,
            json_file(judged) as tested,
            _pipe() as (heard, told),
            self._serving(server) as serving,
        ):
            serving.begin(JUDGED, [told.fileno(), task.fileno(), tested.fileno()])
            told.close()
            said = self._verdicts(heard, nonce, len(tests))
            serving.end()
            if READY not in said[:1]:
                raise serving.silent()
        results = said[1 : len(tests) + 1]
        why = "not run" if stop and results and results[-1] != PASSED else f"failed: took over {self.timeout:g} s"
        return results + [why] * (len(tests) - len(results))

    def run(self, program: str, given: str, server: Server | None = None) -> str | None:
        """What a program prints that is given this to read; `None` where it fails, takes too long or prints too much.

        Raises:
            SandboxError: the sandbox did not start.
        """
        nonce = secrets.token_hex(16)
        with (
            json_file({"terms": self._terms(1), "nonce": nonce, "program": program}) as task,
            text_file(given) as stdin,
            _pipe() as (heard, told),
            _pipe() as (reads, prints),
            self._serving(server) as serving,
        ):
            serving.begin(WHOLE, [told.fileno(), task.fileno(), stdin.fileno(), prints.fileno()])
            told.close()
            prints.close()
            said = self._verdicts(heard, nonce, 0)
            deadline = time.monotonic() + self.timeout
            printed = read_all_by(reads, deadline, LONGEST_OUTPUT) if said else b""
            if said and len(printed) <= LONGEST_OUTPUT:
                read_all_by(heard, deadline, LONGEST_OUTPUT)  # up to the program's end
            status = serving.end()
            if READY not in said[:1]:
                raise serving.silent()
        return printed.decode(errors="replace") if status == 0 and len(printed) <= LONGEST_OUTPUT else None

    def _serving(self, server: Server | None) -> Any:
        return Server(self.kind) if server is None else nullcontext(server)

    def _terms(self, tests: int) -> dict[str, Any]:
        """What a process gives up; `seconds` of computing are a second line behind the clock."""
        seconds = math.ceil(tests * self.timeout) + 1
        return {"pieces": self.kind.each, "memory": self.memory, "seconds": seconds}

    def _verdicts(self, heard: int, nonce: str, count: int) -> list[str]:
        """What is told behind the nonce: that all is ready, and up to `count` verdicts, each in time."""
        said: list[str] = []
        rest, deadline = b"", time.monotonic() + START
        while len(said) <= count and (chunk := read_by(heard, deadline)):
            *lines, rest = (rest + chunk).split(b"\n")
            marked = (line.decode(errors="replace").partition(" ") for line in lines)
            said += [what for mark, _, what in marked if mark == nonce]
            deadline = time.monotonic() + self.timeout if lines else deadline
        return said


@contextmanager
def _pipe() -> Iterator[tuple[int, BinaryIO]]:
    """Where to hear, and where somebody else tells: that end is closed here once they have it."""
    reads, writes = os.pipe()
    with os.fdopen(reads, "rb"), os.fdopen(writes, "wb") as told:
        yield reads, told
