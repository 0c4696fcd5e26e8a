"""Large blocks that are freed stay with the process."""

import platform
import subprocess
import sys

import pytest

from whet.compute import memory

FAULTS = """
import resource, torch
from whet.compute.memory import keep_freed_memory
if {keep}:
    assert keep_freed_memory()
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


GROWTH = """
import random, psutil, torch
from whet.compute.memory import keep_freed_memory
assert keep_freed_memory()
rnd, process = random.Random(0), psutil.Process()
def step():
    kept = [torch.ones(rnd.randint(9 << 20, 40 << 20)) for _ in range(6)]
    for _ in range(4):
        kept[rnd.randrange(6)] = torch.ones(rnd.randint(9 << 20, 40 << 20))
        small = [torch.ones(1 << 18) for _ in range(8)]
for _ in range(4):
    step()
def own():
    # without pages of files, which the kernel may drop and read again
    found = process.memory_info()
    return found.rss - found.shared
before = own()
for _ in range(8):
    step()
print(own() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")
def test_large_blocks_of_changing_sizes_leave_nothing_behind() -> None:
    """Six blocks of 36 to 160 MiB at a time: the process grows by the heap's steps of 64 MiB, not by them."""
    run = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 160 << 20


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory.keep_freed_memory() is False


def test_a_c_library_without_the_call_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())
    assert memory.keep_freed_memory() is False
