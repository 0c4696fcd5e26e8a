"""What says how the threads of matrix products wait for each other, and from when on they should sleep."""

import os

BUSY = 0.25
"""The share of the processors that other programs use from which on threads should sleep at once."""

SETTINGS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""Environment variables that say how to wait: what a user has set stays."""


def waits_are_settled() -> bool:
    """Whether nothing is left to choose: a variable says how to wait, or one thread has none to wait for."""
    return os.environ.get("OMP_NUM_THREADS") == "1" or any(name in os.environ for name in SETTINGS)
