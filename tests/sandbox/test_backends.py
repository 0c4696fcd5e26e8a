"""The sandbox backends."""

import pytest

from whet.sandbox.backends import BACKENDS, Backend
from whet.sandbox.confine import RESTRICTIONS


def test_the_strong_ones_come_first_and_alone_need_no_asking() -> None:
    assert [backend.name for backend in BACKENDS] == ["bubblewrap", "landlock", "limits"]
    assert [bool(backend.weakness) for backend in BACKENDS] == [False, False, True]


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
def test_every_backend_limits_and_seccomp_is_the_last_restriction(backend: Backend) -> None:
    assert {*backend.at_start, *backend.per_process} <= set(RESTRICTIONS)
    assert "limits" in backend.per_process
    assert "seccomp" not in (*backend.at_start, *backend.per_process[:-1])


def test_a_strong_backend_hides_files_and_filters_system_calls() -> None:
    for backend in BACKENDS:
        hides = "landlock" in backend.at_start or backend.wrapped(["x"]) != ["x"]
        assert (hides and "seccomp" in backend.per_process) == (not backend.weakness)
