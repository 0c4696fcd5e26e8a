"""Makes the allocator keep freed memory: a training step allocates the same blocks again and again.

glibc returns a large block to the kernel when it is freed, and the kernel clears each page before it is used again: a
fifth of the time of a step on a CPU. What is kept must be used again, though: blocks of hundreds of megabytes whose
sizes change from step to step do not fit into each other's places, and a heap that has to hold them grows. So the heap
keeps blocks of up to 32 MiB, which layers allocate, and larger ones, of which there are few, go back to the kernel.
"""

import ctypes
import gc
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
SETTINGS = ((M_MMAP_THRESHOLD, 32 << 20), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 64 << 20))
"""mallopt(3): blocks from 32 MiB on, the largest threshold there is, are mapped by themselves; the heap is trimmed from
2 GiB free on, and grows by 64 MiB."""


def keep_freed_memory() -> bool:
    """Sets glibc's allocator to keep freed memory for the rest of the process; returns whether that succeeded."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(name, value) for name, value in SETTINGS)


def return_freed_memory() -> None:
    """Gives what was freed and kept back to the kernel, where the allocator is glibc's."""
    gc.collect()
    if sys.platform.startswith("linux") and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
