"""The board: what each process of a run says of itself in the store that all of them see, for messages.

A process writes which exchange it has come to, and what ends it. One that waits for too long, or whose connection
breaks, reads there whom it waits for. The store is kept by process 0 (under torchrun by its agent): where it does not
answer, that is the answer.
"""

import threading
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from whet.compute.members import Member
from whet.errors import ProcessLost, UserError
from whet.redact import redact
from whet.text import first_line

ANSWER = 5.0
"""Seconds for the store to answer."""

SETTLES = 2.0
"""Seconds in which a process whose connection broke is known to have ended, and for which process 0, when it has lost
one, keeps the store for the others."""

CATCHES_UP = 0.5
"""Seconds in which what a process has written before it came to an exchange can be read."""

SILENT = "ended without a word: killed, or out of memory"

USER, LOST = f"{UserError.__name__}: ", f"{ProcessLost.__name__}: "


def mark(work: Callable[..., Any]) -> str:
    """Returns what tells the work of an exchange from that of others, the same in every process.

    >>> mark(mark)
    'whet.compute.board.mark'
    """
    name = getattr(work, "__qualname__", type(work).__qualname__).replace(".<locals>.<lambda>", "")
    return f"{getattr(work, '__module__', '')}.{name}"


class Board:
    """What the processes of a run say of themselves."""

    def __init__(self, store: Any, rank: int, count: int) -> None:
        self.store, self.rank, self.count = store, rank, count
        self.members: Sequence[Member] = ()
        self.number = 0
        """Exchanges that this process has come to."""
        self._answers = True
        """Whether the store has always answered; a request that it did not answer holds up all later ones."""

    def arrives(self, what: str) -> int:
        """Says that this process has come to its next exchange, and which it is; returns a code for both."""
        self.number += 1
        self.says(what)
        return zlib.crc32(f"{self.number} {what}".encode())

    def says(self, what: str) -> None:
        """Says what this process is at, after the exchanges that it came to."""
        self._write(f"at {self.rank}", f"{self.number} {what}")

    def ends(self, error: BaseException) -> None:
        """Says what ends this process."""
        self._write(f"end of {self.rank}", redact(f"{type(error).__name__}: {first_line(error)}"))
        self._read("end of", self.rank)  # until it is there: writing does not wait

    def apart(self) -> str:
        """Returns the message for processes that have come to different exchanges."""
        time.sleep(CATCHES_UP)
        places = [self._name(number) + f" is at exchange {self._read('at', number)}" for number in range(self.count)]
        if self.rank == 0:
            time.sleep(CATCHES_UP)  # the others read, too
        return f"the processes of the run have gone different ways: {'; '.join(places)}; please report it"

    def lost(self, error: BaseException, waited: timedelta, patience: timedelta) -> BaseException:
        """Returns why an exchange failed after a while: whose end it was, or whose lateness."""
        deadline = time.monotonic() + SETTLES
        lines = self._lines(waited >= patience, patience)
        while not lines and time.monotonic() < deadline:
            time.sleep(0.05)
            lines = self._lines(waited >= patience, patience)
        if self.rank == 0:
            time.sleep(max(0.0, deadline - time.monotonic()))
        known = [line.removeprefix(USER) for line in lines if line.startswith(USER)]
        if known:
            return UserError(known[0])
        what = first_line(error)
        return ProcessLost("; ".join(lines) or f"the connection between the {self.count} processes broke: {what}")

    def _lines(self, is_late: bool, patience: timedelta) -> list[str]:
        """What is known of the other processes that explains a broken exchange: a sentence for each.

        The end of a process breaks connections at once, so one that ended while this one waited its time out was not
        the cause, unless it says so.
        """
        others = [number for number in range(self.count) if number != self.rank]
        gone = [number for number in others if self.members and self.members[number].is_gone]
        words = {number: self._read("end of", number) for number in others}  # after that: who is gone has spoken
        if not self._answers:
            return [f"{self._name(0)} does not answer: killed, stopped, or cut off"]
        ended = [self._ended(number, word) for number, word in words.items() if word]
        late = self._late(others, patience) if is_late else []
        silent = [f"{self._name(number)} {SILENT}" for number in gone if not words[number]]
        relayed = [line.removeprefix(LOST) for line in ended if line.startswith(LOST)]
        return [line for line in ended if not line.startswith(LOST)] or late or silent or relayed[:1]

    def _ended(self, number: int, word: str) -> str:
        return word if word.startswith((USER, LOST)) else f"{self._name(number)} ended: {word}"

    def _late(self, others: Sequence[int], patience: timedelta) -> list[str]:
        """Who has not come to the exchange of this process; those that are stopped where all have come."""
        places = {number: self._read("at", number) for number in others}
        behind = [number for number, at in places.items() if int(at.split()[0] if at else 0) < self.number]
        found = behind or [number for number in others if self.members and self.members[number].is_stopped]
        waiting = f"kept the others waiting for {patience.total_seconds() / 60:.3g} minutes (compute.timeout_minutes)"
        return [f"{self._name(number)} {waiting} at {places[number] or 'its start'}" for number in found] or [
            f"one of the {self.count} processes {waiting} in the midst of what they compute together"
        ]

    def _name(self, number: int) -> str:
        return f"{self.members[number] if self.members else f'process {number}'} of {self.count}"

    def _write(self, key: str, text: str) -> None:
        with suppress(RuntimeError):  # who keeps the store may be gone
            if self._answers:
                self.store.set(key, text)

    def _read(self, what: str, number: int) -> str:
        """What a process has said; empty where it said nothing, or the store does not answer."""
        if not self._answers:
            return ""
        key, found = f"{what} {number}", list[str]()

        def ask() -> None:
            with suppress(RuntimeError):
                found.append(self.store.get(key).decode() if self.store.check([key]) else "")

        asking = threading.Thread(target=ask, daemon=True)  # a store whose process is stopped answers never
        asking.start()
        asking.join(ANSWER)
        self._answers = bool(found)
        return found[0] if found else ""
