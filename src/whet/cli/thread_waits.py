"""How the threads of matrix products wait for each other, chosen before torch is imported.

GNU OpenMP, which torch uses on Linux, has a thread spin for a while before it sleeps. That is fastest on an idle
machine. Where other programs use the processors too, a thread that spins takes the core from the one it waits for, and
everything takes several times as long (LOG.md, "Threads that wait").
"""

import os
from collections.abc import Callable

from whet.compute.rank import is_one_of_several
from whet.compute.thread_settings import BUSY, waits_are_settled
from whet.text import percent

SECONDS = 0.2
"""How long the processors are watched."""


def others_use() -> float:
    """Returns the share of all processors that is used, by whatever runs while this process waits."""
    import psutil

    return float(psutil.cpu_percent(interval=SECONDS)) / 100


def sleep_where_busy(used: Callable[[], float] = others_use) -> str:
    """Has threads sleep while they wait, where other programs use the processors; says so, else returns nothing.

    Processes that share a run are no other programs to each other, so they do not look.
    """
    if is_one_of_several() or waits_are_settled():
        return ""
    if (share := used()) < BUSY:
        return ""
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    return (
        f"other programs use {percent(share)} of the processors: threads sleep while they wait for each other "
        "(OMP_WAIT_POLICY=ACTIVE has them spin)"
    )
