"""Consoles, one way to say JSON or a picture, and what people type to get here."""

import json
import os
import sys
from pathlib import Path

import pytest

from whet.cli import terminal
from whet.cli.terminal import WIDE, console, encoded, prepare, progress, tell


def test_the_closing_page_says_what_can_be_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv" / "bin" / "whet"), "train"])
    monkeypatch.setenv("PATH", "")
    assert terminal.own_name() == str(Path(".venv") / "bin" / "whet")
    (tmp_path / "whet").write_text("#!/bin/sh")
    (tmp_path / "whet").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert terminal.own_name() == "whet"


def test_without_a_terminal_lines_stay_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console().width == WIDE
    monkeypatch.setenv("COLUMNS", "50")
    assert console().width == 50


@pytest.mark.parametrize(("as_json", "shown"), [(True, '{"a": 1}\n'), (False, "[picture]\n")])
def test_json_or_a_picture(as_json: bool, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    tell(as_json, {"a": 1}, "[picture]")
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize("as_json", [True, False])
def test_progress_never_stands_between_the_json(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with progress(as_json) as view:
        view.note("so far")
    said = capsys.readouterr()
    assert (said.err if as_json else said.out) == "so far\n"
    assert (said.out if as_json else said.err) == ""


def test_json_is_strict() -> None:
    assert json.loads(encoded({"x": float("nan")})) == {"x": None}


def test_what_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "info")
    prepare()
    assert os.environ["TRANSFORMERS_VERBOSITY"] == "info"
