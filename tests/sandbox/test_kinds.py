"""The kinds of sandbox."""

import pytest

from whet.sandbox.confine import PIECES
from whet.sandbox.kinds import KINDS


def test_the_strong_ones_come_first_and_alone_need_no_asking() -> None:
    assert [kind.name for kind in KINDS] == ["bubblewrap", "landlock", "seccomp", "limits"]
    assert [bool(kind.weakness) for kind in KINDS] == [False, False, True, True]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_limits_and_gives_seccomp_up_last(kind: object) -> None:
    pieces = kind.pieces  # type: ignore[attr-defined]
    assert set(pieces) <= set(PIECES)
    assert "limits" in pieces
    assert "seccomp" not in pieces[:-1]


def test_a_strong_kind_hides_files_and_filters_system_calls() -> None:
    for kind in KINDS:
        hides = "landlock" in kind.pieces or kind.wrapped(["x"]) != ["x"]
        assert (hides and "seccomp" in kind.pieces) == (not kind.weakness)
