"""Tells when steps take several times as long as they did, and whether other programs are the reason.

Threads of matrix products wait for each other. Where another program takes one of the processors, even one of the
lowest priority, steps can take eight times as long (LOG.md, "Threads that wait").
"""

from collections import deque
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING, Self

from whet.compute.rank import is_one_of_several
from whet.compute.thread_settings import BUSY, waits_are_settled
from whet.text import Log, percent

if TYPE_CHECKING:
    import psutil

TIMES = 2.5
"""How many times longer than usual a step must take."""

IN_A_ROW = 2
"""Steps in a row that must, before it is told."""

RECENT = 50
"""The usual steps that a step is compared with: the last so many."""

KNOWN = 3
"""Steps that must have been usual before."""


class OthersUse:
    """The share of all processors that other programs used since it was last asked for; children are no others."""

    def __init__(self) -> None:
        self._last = _used()

    def __call__(self) -> float | None:
        """Returns the share; None where the system does not say."""
        before, self._last = self._last, _used()
        if before is None or self._last is None:
            return None
        everything, busy, own = (now - then for now, then in zip(self._last, before, strict=True))
        # where the system does not count children that have ended, they seem to give their seconds back
        return min(max(busy - max(own, 0.0), 0.0) / everything, 1.0) if everything > 0 else None


def _used() -> tuple[float, float, float] | None:
    """Processor seconds so far: all that there were, those in use, and those that this process and its children had."""
    import psutil

    try:
        whole, process = psutil.cpu_times()._asdict(), psutil.Process()
        # a guest's seconds are in those of its host already, and stolen ones went to other machines
        counted = {name: seconds for name, seconds in whole.items() if name not in ("guest", "guest_nice", "steal")}
        everything, idle = sum(counted.values()), counted["idle"] + counted.get("iowait", 0.0)
        own = sum(map(_seconds, [process, *process.children(recursive=True)]))
    except (psutil.Error, OSError, KeyError):
        return None
    return everything, everything - idle, own


def _seconds(process: "psutil.Process") -> float:
    """Of a process, and of its children that have ended."""
    import psutil

    try:
        found = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(found.user + found.system + found.children_user + found.children_system)


class Slowdown:
    """Follows how fast steps are, and tells once when they have become slow, and again after they were as usual."""

    def __init__(self, tell: Log, others: Callable[[], float | None]) -> None:
        """`others` returns the share of all processors that other programs used in the step, or None."""
        self.tell, self.others = tell, others
        self.usual: deque[tuple[float, ...]] = deque(maxlen=RECENT)
        self._in_a_row = 0

    @classmethod
    def of(cls, tell: Log, engine: str, device: str) -> Self:
        """Returns one for a run: it says what others use on a CPU, unless other processes share the run, which would
        count as others."""
        is_known = device == "cpu" and engine != "ray" and not is_one_of_several()
        return cls(tell, OthersUse() if is_known else lambda: None)

    def __call__(self, step: int, *speeds: float) -> None:
        """Takes how fast `step` was, by one measure or several; it was slow where all of them say so."""
        share = self.others()
        times = min(median(known) / max(now, 1e-9) for known, now in zip(self._known(speeds), speeds, strict=True))
        if times <= TIMES:
            self.usual.append(speeds)
            self._in_a_row = 0
            return
        self._in_a_row += 1
        if self._in_a_row == IN_A_ROW:
            self.tell(f"step {step}: a step takes about {times:.0f} times as long as before; {_cause(share)}")

    def _known(self, speeds: tuple[float, ...]) -> list[tuple[float, ...]]:
        """By measure, the speeds of usual steps; while they are few, this step is as usual."""
        return list(zip(*(self.usual if len(self.usual) >= KNOWN else [speeds]), strict=True))


def _cause(others: float | None) -> str:
    if others is None:
        return "do other programs use the machine, or is it hot or short of memory?"
    if others < BUSY:
        return "no other program uses the processors; is the machine hot, on its battery, or short of memory?"
    better = "" if waits_are_settled() else ", or stop the run with Ctrl-C: once resumed, its threads share them better"
    return f"other programs use {percent(others)} of the processors: end them{better}"
