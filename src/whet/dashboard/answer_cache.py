"""Answers that several tabs ask for at once are worked out once: kept while the files of their run do not change."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from whet.dashboard.rows.run_list import WATCHED
from whet.runs import layout

MOST = 64
"""Answers that are kept at most."""

LARGEST = 1 << 20
"""Bytes of an answer that is kept at most."""

SECONDS = 3.0
"""Seconds that an answer is kept at most: a process may end without a trace in its files."""

FILES = (*WATCHED, layout.ROLLOUTS, layout.MANIFEST, layout.FINAL, layout.CHECK)

State = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    state: State
    until: float
    answer: bytes


class AnswerCache:
    """Encoded answers by question. Threads may share it: of several that ask the same at once, one works it out."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._working: dict[str, Lock] = {}
        self._lock = Lock()

    def get(self, question: str, run: Path, make: Callable[[], bytes]) -> bytes:
        """The answer to `question` about the run in the folder `run`: the one that is kept, or else that of `make`."""
        with self._lock:
            working = self._working.setdefault(question, Lock())
        with working:
            state = _state(run)  # before it is made: what changes meanwhile makes it stale
            kept = self._kept.get(question)
            if kept is not None and kept.state == state and time.monotonic() < kept.until:
                return kept.answer
            answer = make()
            self._keep(question, _Kept(state, time.monotonic() + SECONDS, answer))
            return answer

    def _keep(self, question: str, one: _Kept) -> None:
        with self._lock:
            self._kept.pop(question, None)
            if len(one.answer) <= LARGEST:
                self._kept[question] = one
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
            if len(self._working) > 4 * MOST:
                self._working = {key: lock for key, lock in self._working.items() if lock.locked()}


def _state(run: Path) -> State:
    """When the files of a run were changed, and their sizes."""
    return tuple(_changed(run / name) for name in FILES)


def _changed(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size
