"""Calls that are made one after the other while the caller does something else."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any


class InTurn:
    """Makes calls in the order in which they were handed over, in a thread that is there only while there are any.

    The thread does not keep the process from ending, as those of an executor would.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._lock = Lock()
        self._at_work = False

    @property
    def idle(self) -> bool:
        """Whether every call has been made."""
        return not self._at_work

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        """Hands over a call; its result, or what it raises, will be in the future."""
        future: Future[Any] = Future()
        with self._lock:
            self._waiting.append((future, call))
            if not self._at_work:
                self._at_work = True
                Thread(target=self._work, daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._at_work = False
                    return
                future, call = self._waiting.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)
