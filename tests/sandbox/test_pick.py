"""Which sandbox works here."""

from dataclasses import replace

import pytest

from whet.errors import UserError
from whet.sandbox import pick as picking
from whet.sandbox.backends import KINDS, Backend
from whet.sandbox.pick import pick, shortcoming

BUBBLEWRAP, LANDLOCK, SECCOMP, LIMITS = KINDS


def lacking(kind: Backend, what: str) -> Backend:
    return replace(kind, missing=lambda: what)


def test_what_is_picked_here_is_strong_or_refused() -> None:
    try:
        kind = pick()
    except UserError as error:
        pytest.skip(str(error))
    assert not kind.weakness
    assert kind.missing() is None
    assert shortcoming(kind) is None


def test_without_a_strong_one_it_is_refused_and_says_what_each_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    none = (lacking(BUBBLEWRAP, "there is no program bwrap"), lacking(LANDLOCK, "no Landlock"), SECCOMP, LIMITS)
    monkeypatch.setattr(picking, "KINDS", none)
    with pytest.raises(UserError) as caught:
        pick()
    said = str(caught.value)
    assert "bubblewrap: there is no program bwrap; landlock: no Landlock" in said
    assert "install bubblewrap" in said
    assert "`unsafe: true`" in said
    assert "\n" not in said


def test_unsafe_takes_the_strongest_of_the_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picking, "KINDS", (lacking(LANDLOCK, "no"), lacking(SECCOMP, "no"), LIMITS))
    assert pick(unsafe=True) == LIMITS
    monkeypatch.setattr(picking, "KINDS", (lacking(LANDLOCK, "no"), SECCOMP, LIMITS))
    if SECCOMP.missing() is None:
        assert pick(unsafe=True) == SECCOMP


def test_unsafe_does_not_make_a_strong_one_weak() -> None:
    try:
        strong = pick()
    except UserError as error:
        pytest.skip(str(error))
    assert pick(unsafe=True) == strong


def test_nothing_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picking, "KINDS", tuple(lacking(kind, "no") for kind in KINDS))
    with pytest.raises(UserError, match=r"limits: no\); fix one of these, for instance install bubblewrap$"):
        pick(unsafe=True)


def test_a_kind_that_claims_too_much_is_found_out() -> None:
    """Unconfined, and said to be strong."""
    boasting = replace(LIMITS, name="boasting", weakness="", each=())
    said = shortcoming(boasting)
    assert said is not None
    assert said.startswith("it does not hold")
    for what in ("reads files", "writes files", "opens sockets", "starts processes", "sends signals"):
        assert what in said


def test_a_kind_that_does_not_start_says_why() -> None:
    broken = replace(LIMITS, name="broken", each=("magic",))
    assert "KeyError: 'magic'" in str(shortcoming(broken))
