"""Large blocks that are freed stay with the process."""

import json
import platform
import subprocess
import sys

import pytest

from whet.compute import memory

MEASURED = """
import ctypes, json, psutil, resource, torch
from whet.compute.memory import keep_freed_memory

def own():
    # without pages of files, which the kernel may drop and read again
    found = psutil.Process().memory_info()
    return found.rss - found.shared

def held(size, count):
    before = own()
    blocks = [torch.ones(size << 18) for _ in range(count)]
    del blocks
    return own() - before

def faults():
    for _ in range(2):
        [torch.ones(1 << 22) for _ in range(8)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        [torch.ones(1 << 22) for _ in range(8)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if {keep}:
    assert keep_freed_memory()
    print(json.dumps({{"large": held(80, 8), "small": held(16, 40), "faults": faults()}}))
else:
    ctypes.CDLL(None).mallopt(-3, 1 << 17)  # a fixed M_MMAP_THRESHOLD: else glibc raises it by what it sees
    print(json.dumps({{"faults": faults()}}))
"""
"""640 MiB of blocks that are freed, in blocks of 80 or of 16 MiB: the bytes that the process holds afterwards."""


def measured(keep: bool) -> dict[str, int]:
    """What a process says of its own memory."""
    command = [sys.executable, "-c", MEASURED.format(keep=keep)]
    found: dict[str, int] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


@pytest.fixture(scope="module")
def kept() -> dict[str, int]:
    """Of a process that keeps what it frees."""
    return measured(keep=True)


needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")


@needs_glibc
def test_freed_blocks_are_not_cleared_by_the_kernel_again(kept: dict[str, int]) -> None:
    """Ten times eight blocks of 16 MiB are 327,680 pages of 4 KiB, or 640 huge ones, unless they stay."""
    assert kept["faults"] < measured(keep=False)["faults"] / 4


@needs_glibc
def test_blocks_of_layers_stay_and_larger_ones_go_back(kept: dict[str, int]) -> None:
    """The heap holds the small ones, the kernel has the large ones again."""
    assert kept["large"] < 400 << 20 < kept["small"]


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory.keep_freed_memory() is False


def test_a_c_library_without_the_call_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())
    assert memory.keep_freed_memory() is False
