"""The hub, played by a stand-in: what is asked of it, and what is said when it fails."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from whet.data.hub import hub_rows
from whet.errors import UserError


def stand_in(monkeypatch: pytest.MonkeyPatch, load: Any) -> None:
    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load))


def test_rows_are_numbered_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, config: str | None, split: str) -> list[dict[str, str]]:
        return [{"name": name, "config": str(config)}, {"split": split}]

    stand_in(monkeypatch, load)
    rows = list(hub_rows("owner/set", "main", "train"))
    assert rows == [(1, {"name": "owner/set", "config": "main"}), (2, {"split": "train"})]


def test_a_failure_is_one_line_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: Any, **__: Any) -> None:
        raise ConnectionError("could not reach the hub\nTraceback and more")

    stand_in(monkeypatch, load)
    with pytest.raises(UserError) as refusal:
        hub_rows("owner/set", None, "train")
    text = str(refusal.value)
    assert "'owner/set' (split 'train')" in text
    assert "could not reach the hub" in text
    assert "local file" in text
    assert "\n" not in text


def test_a_failure_without_words_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: Any, **__: Any) -> None:
        raise TimeoutError

    stand_in(monkeypatch, load)
    with pytest.raises(UserError, match="TimeoutError"):
        hub_rows("owner/set", None, "train")
