"""Running a program against its tests, in a sandbox: what goes in, what comes out, and how long it may take."""

import json
import math
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from whet.sandbox.interpreter import interpreter
from whet.sandbox.kinds import Kind
from whet.sandbox.process import Started, read_all_by, read_by
from whet.sandbox.wire import PASSED, READY

START = 30.0
"""Seconds in which a sandbox must have started, on a machine that is busy."""

LONGEST_OUTPUT = 16 * 2**20
"""Bytes that a program may print."""


class SandboxError(Exception):
    """The sandbox itself did not do what it has to, whatever the program is."""


@dataclass(frozen=True)
class Cell:
    """A kind of sandbox and its limits. What a call starts has ended when the call returns."""

    kind: Kind
    timeout: float = 5.0
    """Seconds for one test; the first one's include loading the program."""
    memory: int = 512
    """Megabytes of address space."""

    def test(self, program: str, tests: Sequence[str], setup: str = "", stop: bool = False) -> list[str]:
        """What comes of each test: `passed`, or why not. One that takes too long is the last one to be run, and so is,
        with `stop`, one that fails.

        Raises:
            SandboxError: the sandbox did not start.
        """
        terms, nonce = self._terms(len(tests)), secrets.token_hex(16)
        judged = {"terms": terms, "nonce": nonce, "tests": list(tests), "setup": setup, "stop": stop}
        with (
            _file({"terms": terms, "program": program}) as task,
            _file(judged) as tested,
            _pipe() as (heard, told),
            self._started(told.fileno(), task.fileno(), tested.fileno()) as started,
        ):
            told.close()
            said = self._verdicts(heard, nonce, len(tests))
        self._refuse_silence(said, started)
        results = said[1 : len(tests) + 1]
        why = "not run" if stop and results and results[-1] != PASSED else f"failed: took over {self.timeout:g} s"
        return results + [why] * (len(tests) - len(results))

    def run(self, program: str, given: str) -> str | None:
        """What a program prints that is given this to read; `None` where it fails, takes too long or prints too much.

        Raises:
            SandboxError: the sandbox did not start.
        """
        nonce = secrets.token_hex(16)
        job = {"terms": self._terms(1), "nonce": nonce, "program": program}
        with (
            _file(job) as task,
            _text(given) as stdin,
            _pipe() as (heard, told),
            self._started(told.fileno(), task.fileno(), stdin=stdin) as started,
        ):
            told.close()
            said = self._verdicts(heard, nonce, 0)
            deadline = time.monotonic() + self.timeout
            printed = read_all_by(started.stdout, deadline, LONGEST_OUTPUT) if said else b""
            well = bool(said) and len(printed) <= LONGEST_OUTPUT and started.ended_well(deadline)
        self._refuse_silence(said, started)
        return printed.decode(errors="replace") if well else None

    def _started(self, *descriptors: int, stdin: BinaryIO | None = None) -> Started:
        command = self.kind.wrapped(interpreter().command(*descriptors))
        try:
            return Started(command, descriptors, stdin)
        except OSError as error:
            raise SandboxError(f"the sandbox ({self.kind.name}) could not be started: {error}") from error

    def _terms(self, tests: int) -> dict[str, Any]:
        """What a process gives up; `seconds` of computing are a second line behind the clock."""
        python, seconds = interpreter(), math.ceil(tests * self.timeout) + 1
        may = {"readable": python.readable, "listable": python.library}
        return {"pieces": self.kind.pieces, "memory": self.memory, "seconds": seconds, **may}

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

    def _refuse_silence(self, said: Sequence[str], started: Started) -> None:
        if READY not in said[:1]:
            why = " ".join(started.complaint.split()[-60:]) or "it said nothing"
            raise SandboxError(f"the sandbox ({self.kind.name}) did not start: {why}")


@contextmanager
def _file(job: Any) -> Iterator[BinaryIO]:
    with _text(json.dumps(job)) as file:
        yield file


@contextmanager
def _text(text: str) -> Iterator[BinaryIO]:
    """A file without a name, ready to be read."""
    with TemporaryFile() as file:
        file.write(text.encode(errors="replace"))
        file.seek(0)
        yield file


@contextmanager
def _pipe() -> Iterator[tuple[int, BinaryIO]]:
    """Where to hear, and where somebody else tells: that end is closed here once they have it."""
    reads, writes = os.pipe()
    with os.fdopen(reads, "rb"), os.fdopen(writes, "wb") as told:
        yield reads, told
