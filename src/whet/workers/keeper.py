"""The keeper's process: has a worker answer, within each request's limit, and tells the run what became of it."""

import json
import os
import select
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from socket import socket
from typing import Any

from whet.workers.child import GRACE, Child, RunEndedError
from whet.workers.frames import framed, receive, send
from whet.workers.outcome import Outcome
from whet.workers.service import READY, Service, find

LIMIT = struct.Struct("<d")
"""Seconds that a request may take; stands before it."""

LOOK = 0.25
"""Seconds between two looks at whether the run still lives, should its end of the socket have been inherited."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a keeper's workers do."""

    service: str
    """`module:function`; the function makes the service from `setup`."""
    setup: Any
    """Anything that JSON carries."""
    preload: bool
    """Whether the keeper makes the service once for all its workers: where that runs no foreign code."""
    loading: float
    """Seconds that a worker may take to get ready."""


class Keeper:
    """Answers a run's requests through a worker, which is made when first asked for, and again after its end."""

    def __init__(self, run: socket, job: Job) -> None:
        self._run, self._job, self._parent = run, job, os.getppid()
        self._child: Child | None = None
        self._make: Callable[[], Service] = partial(find(job.service), job.setup)
        if job.preload:
            service = self._make()
            self._make = lambda: service

    def serve(self) -> None:
        """Answers until the run has ended or closes its socket. The worker does not outlive this."""
        try:
            while self._is_asked():
                request = receive(self._run)
                outcome = self._outcome(request[LIMIT.size :], *LIMIT.unpack_from(request))
                send(self._run, outcome.head())
                send(self._run, outcome.answer)
        except (RunEndedError, EOFError, OSError):
            return
        finally:
            self._end()

    def _is_asked(self) -> bool:
        """Waits for a request or the end of the run. What the worker prints meanwhile is let go."""
        while os.getppid() == self._parent:
            speaking: list[socket | int] = [self._run, *(self._child.ears if self._child else [])]
            readable, _, _ = select.select(speaking, [], [], LOOK)
            if self._run in readable:
                return True
            if readable and self._child:
                self._child.listen()
        return False

    def _outcome(self, request: bytes, limit: float) -> Outcome:
        if self._child is None:
            refused = self._begin()
            if refused:
                return refused
        return self._ask(framed(request), limit, "")

    def _begin(self) -> Outcome | None:
        """Makes a worker and waits until it is ready; where it does not get ready, why."""
        try:
            self._child = Child(self._make, self._run)
        except OSError as error:
            return Outcome("refused", what=f"could not be started ({error.strerror})")
        outcome = self._ask(b"", self._job.loading, " to load")
        if outcome.fate != "answered":
            return outcome
        if outcome.answer == READY:
            return None
        self._end()
        return Outcome("refused", what=outcome.answer.decode(), printed=outcome.printed)

    def _ask(self, message: bytes, limit: float, doing: str) -> Outcome:
        assert self._child is not None  # both callers have made one
        child = self._child
        try:
            answer = child.exchange(message, limit)
        except TimeoutError:
            self._end()
            return Outcome("late", what=f"took longer than {limit:g} s{doing} and was stopped", printed=child.printed)
        except EOFError:
            how, while_loading = self._end(GRACE), ", while it was loaded" if doing else ""
            return Outcome("died", what=f"ended its process {how}{while_loading}", printed=child.printed)
        return Outcome("answered", answer, printed=child.printed)

    def _end(self, grace: float = 0.0) -> str:
        child, self._child = self._child, None
        return child.end(grace) if child else ""


def main() -> None:
    """The life of a keeper: standard input is the socket to its run, whose first message is the job."""
    run = socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    with suppress(EOFError, OSError), run:
        Keeper(run, Job(**json.loads(receive(run)))).serve()
