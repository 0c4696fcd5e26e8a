"""A process of a run on a node of a Ray cluster, as it is waited for from here."""

import signal
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from whet.cluster.node_actor import GoneError, NodeActor
from whet.cluster.node_process import Looked
from whet.compute.launch import ended_by

ANSWER = 5.0
"""Seconds within which the node of a process that is killed must have said so."""

Write = Callable[[int, bytes], None]
"""Takes what a process has written to standard output, 1, or to standard error, 2."""


class RankProcess:
    """Plays `Started`. Looks at it never wait, so that many can be looked at in turn."""

    def __init__(self, node: NodeActor, write: Write) -> None:
        """`node` has started the process."""
        self._node, self._write = node, write
        self.returncode: int | None = None
        self._signals: deque[int] = deque()
        self._looking: Any = None
        self._ends_by = float("inf")
        """When it counts as lost if it has not answered: once it was to be killed."""
        self._gone = ""

    def poll(self) -> int | None:
        """Looks at it, and returns its exit status; None while it runs. One that is lost counts as killed."""
        try:
            if self.returncode is None:
                self._look()
        except GoneError as gone:
            self._gone, self.returncode = str(gone), -signal.SIGKILL
        return self.returncode

    def send_signal(self, number: int, /) -> None:
        """Sends it a signal with the next look: who handles a signal here may have interrupted a call of Ray."""
        self._signals.append(number)

    def kill(self) -> None:
        """Ends it by SIGKILL; where it does not answer within `ANSWER` seconds, it counts as lost."""
        if self._ends_by == float("inf"):
            self._ends_by = time.monotonic() + ANSWER
            self.send_signal(signal.SIGKILL)

    def fate(self) -> str:
        """Returns what ended it where it did not exit by itself; empty where it did."""
        host = self._node.host
        if not self._gone:
            how = ended_by(self.returncode or 0)
            return how and f"on {host} {how}"
        if self._node.has_left():
            return f"was lost: {host} has left the Ray cluster"
        return f"on {host} was lost ({self._gone})"

    def _look(self) -> None:
        while self._signals:
            self._node.begin("send_signal", self._signals.popleft())
        if self._looking is None:
            self._looking = self._node.begin("poll")
        if not self._node.has_answered(self._looking):
            if time.monotonic() > self._ends_by:
                raise GoneError("it does not answer")
            return
        looked: Looked = self._node.answer(self._looking)
        self._looking = None
        for stream, said in ((1, looked.out), (2, looked.err)):
            if said:
                self._write(stream, said)
        self.returncode = looked.status
