"""Which sandbox works here."""

from dataclasses import replace

import pytest

from whet.errors import UserError
from whet.sandbox import pick as picking
from whet.sandbox.backends import BACKENDS, Backend
from whet.sandbox.pick import pick, shortcoming

BUBBLEWRAP, LANDLOCK, LIMITS = BACKENDS


def lacking(backend: Backend, what: str) -> Backend:
    return replace(backend, missing=lambda: what)


def test_what_is_picked_here_is_strong_or_refused() -> None:
    try:
        backend = pick()
    except UserError as error:
        pytest.skip(str(error))
    assert not backend.weakness
    assert backend.missing() is None
    assert shortcoming(backend) is None


def test_without_a_strong_one_it_is_refused_and_says_what_each_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    none = (lacking(BUBBLEWRAP, "there is no program bwrap"), lacking(LANDLOCK, "no Landlock"), LIMITS)
    monkeypatch.setattr(picking, "BACKENDS", none)
    with pytest.raises(UserError) as caught:
        pick()
    said = str(caught.value)
    assert "bubblewrap: there is no program bwrap; landlock: no Landlock" in said
    assert "install bubblewrap" in said
    assert "`unsafe: true`" in said
    assert "\n" not in said


def test_unsafe_takes_the_weak_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picking, "BACKENDS", (lacking(BUBBLEWRAP, "no"), lacking(LANDLOCK, "no"), LIMITS))
    assert pick(unsafe=True) == LIMITS


def test_unsafe_does_not_make_a_strong_one_weak() -> None:
    try:
        strong = pick()
    except UserError as error:
        pytest.skip(str(error))
    assert pick(unsafe=True) == strong


def test_nothing_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picking, "BACKENDS", tuple(lacking(backend, "no") for backend in BACKENDS))
    with pytest.raises(UserError, match=r"limits: no\); fix one of these, for instance install bubblewrap$"):
        pick(unsafe=True)


def test_a_backend_that_claims_too_much_is_found_out() -> None:
    """Unconfined, and said to be strong."""
    boasting = replace(LIMITS, name="boasting", weakness="", per_process=())
    said = shortcoming(boasting)
    assert said is not None
    assert said.startswith("it does not hold")
    for what in ("reads files", "writes files", "opens sockets", "starts processes", "sends signals"):
        assert what in said


def test_a_backend_that_does_not_start_says_why() -> None:
    broken = replace(LIMITS, name="broken", per_process=("magic",))
    assert "KeyError: 'magic'" in str(shortcoming(broken))
