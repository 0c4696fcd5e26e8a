"""Keeping memory that was freed: a training step asks for the same large blocks again and again.

glibc gives every large block back to the kernel when it is freed, and the kernel clears each page before it hands it
out again. For a step on a CPU that costs a fifth of the time.
"""

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
SETTINGS = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 64 << 20))
"""mallopt(3): all blocks come from the heap; its end is given back from 2 GiB on; it grows by 64 MiB."""


def keep_freed_memory() -> bool:
    """Tells the allocator, for the rest of the process; says whether it listened. Only glibc is told."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(name, value) for name, value in SETTINGS)
