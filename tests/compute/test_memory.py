"""Large blocks that are freed stay with the process."""

import platform
import subprocess
import sys

import pytest

from whet.compute import memory

FAULTS = """
import ctypes, resource, torch
from whet.compute.memory import keep_freed_memory
if {keep}:
    assert keep_freed_memory()
else:
    ctypes.CDLL(None).mallopt(-3, 1 << 17)  # a fixed M_MMAP_THRESHOLD: else glibc raises it by what it sees
for _ in range(2):
    [torch.ones(1 << 22) for _ in range(8)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    [torch.ones(1 << 22) for _ in range(8)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(keep: bool) -> int:
    run = subprocess.run([sys.executable, "-c", FAULTS.format(keep=keep)], capture_output=True, text=True, check=True)
    return int(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")
def test_freed_blocks_are_not_cleared_by_the_kernel_again() -> None:
    """Ten times eight blocks of 16 MiB are 327,680 pages of 4 KiB, or 640 huge ones, unless they stay."""
    assert page_faults(keep=True) < page_faults(keep=False) / 4


HELD = """
import psutil, torch
from whet.compute.memory import keep_freed_memory
assert keep_freed_memory()
def own():
    # without pages of files, which the kernel may drop and read again
    found = psutil.Process().memory_info()
    return found.rss - found.shared
before = own()
blocks = [torch.ones({size} << 18) for _ in range({count})]
del blocks
print(own() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")
@pytest.mark.parametrize(("size", "count", "stays"), [(16, 40, True), (80, 8, False)])
def test_blocks_of_layers_stay_and_larger_ones_go_back(size: int, count: int, stays: bool) -> None:
    """640 MiB in blocks of 16 or 80 MiB, freed: the heap holds the small ones, the kernel has the large ones again."""
    source = HELD.format(size=size, count=count)
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert (int(run.stdout) > 400 << 20) is stays


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory.keep_freed_memory() is False


def test_a_c_library_without_the_call_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())
    assert memory.keep_freed_memory() is False
