"""The sandbox: which one holds, or why none does."""

import pytest

import whet.sandbox.pick
from whet.doctor.sandbox_findings import sandbox_findings
from whet.errors import UserError
from whet.sandbox.backends import BACKENDS


def test_the_one_that_holds_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whet.sandbox.pick, "pick", lambda: BACKENDS[1])
    (found,) = sandbox_findings()
    assert (found.state, found.figures) == ("ok", {"backend": "landlock"})


def test_what_each_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> object:
        raise UserError("none")

    monkeypatch.setattr(whet.sandbox.pick, "pick", none)
    monkeypatch.setattr(whet.sandbox.pick, "shortcoming", lambda backend: f"{backend.name} leaks")
    (found,) = sandbox_findings()
    assert found.state == "note"
    assert set(found.figures["lacking"]) == {"bubblewrap", "landlock"}
    assert "install bubblewrap" in (found.fix or "")
