"""Notices that the head of a Ray cluster is gone, which Ray itself tells nobody: calls then wait for ever."""

import socket
import time
from collections.abc import Callable

from whet.errors import ProcessLost

PATIENCE = 20.0
"""Seconds without an answer after which a head counts as lost: one that is only restarted is back before."""

EVERY = 1.0
"""Seconds between two looks."""

ANSWER = 3.0
"""Seconds that one look waits for an answer."""

Connect = Callable[[tuple[str, int], float], socket.socket]


def host_and_port(address: str) -> tuple[str, int]:
    """Splits an address of the form HOST:PORT.

    >>> host_and_port("gpu-7:6379")
    ('gpu-7', 6379)
    """
    host, _, port = address.rpartition(":")
    return host, int(port)


def why_silent(address: str, connect: Connect = socket.create_connection) -> str:
    """Returns why nobody answers at HOST:PORT; empty where somebody does."""
    try:
        connect(host_and_port(address), ANSWER).close()
    except (OSError, OverflowError) as error:  # the latter for a port above 65535
        return str(getattr(error, "strerror", None) or error)
    return ""


class Head:
    """The head of a cluster, looked at every now and then."""

    def __init__(
        self,
        address: str,
        connect: Connect = socket.create_connection,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self.address, self._connect, self._clock, self._patience = address, connect, clock, patience
        self._looked = clock()
        self._silent_since: float | None = None

    def refuse_lost(self) -> None:
        """Looks, unless it did a moment ago. Raises `ProcessLost` where look after look was in vain for too long."""
        now = self._clock()
        if now - self._looked < EVERY:
            return
        self._looked = now
        why = why_silent(self.address, self._connect)
        if not why:
            self._silent_since = None
            return
        self._silent_since = self._silent_since or now
        if now - self._silent_since > self._patience:
            raise ProcessLost(
                f"the head of the Ray cluster at {self.address} has not answered for {self._patience:.0f} s ({why}): "
                "once a cluster is there again, resume the run"
            )
