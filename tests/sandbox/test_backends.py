"""The kinds of sandbox."""

import pytest

from whet.sandbox.backends import KINDS, Backend
from whet.sandbox.confine import PIECES


def test_the_strong_ones_come_first_and_alone_need_no_asking() -> None:
    assert [kind.name for kind in KINDS] == ["bubblewrap", "landlock", "seccomp", "limits"]
    assert [bool(kind.weakness) for kind in KINDS] == [False, False, True, True]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_limits_and_seccomp_is_given_up_last(kind: Backend) -> None:
    assert {*kind.once, *kind.each} <= set(PIECES)
    assert "limits" in kind.each
    assert "seccomp" not in (*kind.once, *kind.each[:-1])


def test_a_strong_kind_hides_files_and_filters_system_calls() -> None:
    for kind in KINDS:
        hides = "landlock" in kind.once or kind.wrapped(["x"]) != ["x"]
        assert (hides and "seccomp" in kind.each) == (not kind.weakness)
