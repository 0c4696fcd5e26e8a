"""The restrictions that a process takes on."""

import mmap
import resource
import sys
from pathlib import Path

import pytest

from sandbox.apart import apart
from whet.sandbox.confine import MAX_FILES, RESTRICTIONS, confine, limit

MUCH = 131_072
"""Megabytes that the process which runs the tests has not mapped yet."""

NO_RESERVE = 0x4000

linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="macOS has no capabilities and does not limit address space"
)


def test_the_restrictions_in_order() -> None:
    assert list(RESTRICTIONS) == ["landlock", "capabilities", "limits", "seccomp"]


def test_it_begins_at_the_root_of_the_files() -> None:
    def where() -> str:
        confine({"restrictions": []})
        return str(Path.cwd())

    assert apart(where) == "/"


def test_an_unknown_restriction_is_an_error() -> None:
    assert apart(lambda: confine({"restrictions": ["magic"]})) == "KeyError: 'magic'"


@linux
def test_no_capability_is_left() -> None:
    def left() -> list[str]:
        confine({"restrictions": ["capabilities"]})
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        return [line.split()[1] for line in lines if line.startswith(("CapInh", "CapPrm", "CapEff"))]

    assert apart(left) == str(["0" * 16] * 3)


@linux
def test_limits_take_what_the_policy_says() -> None:
    def limited() -> int:
        confine({"restrictions": ["limits"], "memory": 16_384, "seconds": 3})
        return resource.getrlimit(resource.RLIMIT_CPU)[0]

    assert apart(limited) == "3"


def test_every_limit_is_set_for_good() -> None:
    def limits() -> list[tuple[int, int]]:
        limit(memory=MUCH, seconds=7)
        names = ("CPU", "NPROC", "FSIZE", "NOFILE", "CORE")
        return [resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names]

    assert apart(limits) == str([(7, 7), (0, 0), (0, 0), (MAX_FILES, MAX_FILES), (0, 0)])


def reserve() -> str:
    """Address space alone, twice the limit."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE
    mmap.mmap(-1, 2 * MUCH * 2**20, flags=flags).close()
    return "worked"


@linux
def test_memory_ends_at_its_limit() -> None:
    def limited() -> str:
        limit(memory=MUCH, seconds=7)
        return reserve()

    assert apart(reserve) == "worked"
    assert "Cannot allocate memory" in apart(limited)


def test_files_hold_nothing(tmp_path: Path) -> None:
    def write() -> int:
        limit(memory=MUCH, seconds=7)
        return (tmp_path / "file").write_bytes(b"x")

    assert "File too large" in apart(write)


def test_a_limit_that_is_lower_already_stays() -> None:
    def lowered() -> tuple[int, int]:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
        limit(memory=MUCH, seconds=7)
        return resource.getrlimit(resource.RLIMIT_CPU)

    assert apart(lowered) == "(5, 5)"
