"""Whether processes are there."""

import time
from collections.abc import Callable

import psutil


def is_alive(pid: int) -> bool:
    """Whether it runs; what has ended and waits to be collected does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def soon(holds: Callable[[], bool], within: float = 5.0) -> bool:
    """Whether something comes to hold within some seconds."""
    deadline = time.monotonic() + within
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def below(pid: int | None = None) -> set[int]:
    """The processes that a process (this one) has started, and those that they have, as far as they are alive."""
    return {child.pid for child in psutil.Process(pid).children(recursive=True) if is_alive(child.pid)}
