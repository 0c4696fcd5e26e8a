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
for _ in range(16):
    torch.ones(1 << 24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(1 << 24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(keep: bool) -> int:
    run = subprocess.run([sys.executable, "-c", FAULTS.format(keep=keep)], capture_output=True, text=True, check=True)
    return int(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")
def test_freed_blocks_are_not_cleared_by_the_kernel_again() -> None:
    """Ten blocks of 64 MiB are 163,840 pages of 4 KiB, or 320 huge ones of 2 MiB; once the heap has grown, none."""
    assert page_faults(keep=True) < page_faults(keep=False) / 10


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory.keep_freed_memory() is False


def test_a_c_library_without_the_call_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())
    assert memory.keep_freed_memory() is False
