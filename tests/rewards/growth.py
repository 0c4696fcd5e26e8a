"""How the work of a function grows with the length of a text, whatever the machine is busy with."""

import time
from collections.abc import Callable

_LEAST = 20e-6
"""Seconds of processor time below which a difference says nothing."""


def growth(run: Callable[[int], object], short: int, long: int) -> float:
    """How many times as much processor time `run(long)` takes as `run(short)`, each the least of five tries."""
    return _work(run, long) / _work(run, short)


def _work(run: Callable[[int], object], length: int) -> float:
    tries = []
    for _ in range(5):
        start = time.process_time()
        run(length)
        tries.append(time.process_time() - start)
    return max(_LEAST, min(tries))
