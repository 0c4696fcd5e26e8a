"""Everything that a process gives up."""

import sys
from pathlib import Path

import pytest

from sandbox.apart import apart
from whet.sandbox.confine import PIECES, confine

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="capabilities are Linux's")


def test_the_pieces_in_order() -> None:
    assert list(PIECES) == ["landlock", "capabilities", "limits", "seccomp"]


def test_it_begins_at_the_root_of_the_files() -> None:
    def where() -> str:
        confine({"pieces": []})
        return str(Path.cwd())

    assert apart(where) == "/"


def test_an_unknown_piece_is_an_error() -> None:
    assert apart(lambda: confine({"pieces": ["magic"]})) == "KeyError: 'magic'"


@linux
def test_no_capability_is_left() -> None:
    def left() -> list[str]:
        confine({"pieces": ["capabilities"]})
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        return [line.split()[1] for line in lines if line.startswith(("CapInh", "CapPrm", "CapEff"))]

    assert apart(left) == str(["0" * 16] * 3)


@linux
def test_limits_take_what_the_terms_say() -> None:
    def limited() -> int:
        confine({"pieces": ["limits"], "memory": 16_384, "seconds": 3})
        import resource

        return resource.getrlimit(resource.RLIMIT_CPU)[0]

    assert apart(limited) == "3"
