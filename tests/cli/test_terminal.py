"""Consoles, one way to say JSON or a picture, and what people type to get here."""

import fcntl
import gc
import io
import json
import os
import struct
import sys
import termios
from pathlib import Path

import pytest

from benchmarks.made_run import make_run
from whet.cli import terminal
from whet.cli.terminal import console, encoded, prepare, progress, tell, tolerate_encodings


def test_the_closing_page_says_what_can_be_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv" / "bin" / "whet"), "train"])
    monkeypatch.setenv("PATH", "")
    assert terminal.own_name() == str(Path(".venv") / "bin" / "whet")
    (tmp_path / "whet").write_text("#!/bin/sh")
    (tmp_path / "whet").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert terminal.own_name() == "whet"


def test_as_a_module_it_is_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/lib/whet/__main__.py", "train"])
    assert terminal.own_name() == "python -m whet"


def test_without_a_terminal_lines_stay_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console().width == 100
    monkeypatch.setenv("COLUMNS", "50")
    assert console().width == 50


def test_tables_are_as_wide_as_a_terminal_that_cannot_do_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("COLUMNS", raising=False)
    main_side, terminal_side = os.openpty()
    fcntl.ioctl(terminal_side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 63, 0, 0))
    with os.fdopen(terminal_side, "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        patched.setattr(sys, "__stdout__", stream)
        assert console().width == 63
    os.close(main_side)


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("ascii", b"caf\xc3\xa9 > 71 % ~ ?".replace(b"\xc3\xa9", b"e")),
        ("latin-1", b"caf\xe9 > 71 % ~ ?"),
        ("cp1252", b"caf\xe9 > 71 % \x85 ?"),
        ("utf-8", "café → 71 % … 漢".encode()),
    ],
)
def test_every_encoding_takes_any_text(monkeypatch: pytest.MonkeyPatch, encoding: str, written: bytes) -> None:
    below = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(below, encoding=encoding))
    tolerate_encodings()
    print("café → 71 % … 漢", end="", flush=True)
    assert below.getvalue() == written


def test_a_name_that_is_no_text_can_be_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file name in another encoding has lone surrogates, which UTF-8 cannot write either."""
    below = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(below, encoding="utf-8"))
    tolerate_encodings()
    print(os.fsdecode(b"r\xe9cipe"), end="", flush=True)
    assert below.getvalue() == b"r?cipe"


def test_a_closed_stream_drops_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    tolerate_encodings()
    with sys.stdout as stream:
        print("to nobody")
        assert stream.name == os.devnull


def test_json_is_the_same_in_any_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    text = encoded({"answer": "π €", "x": float("nan")})
    assert text.isascii()
    assert json.loads(text) == {"answer": "π €", "x": None}


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


def test_a_busy_machine_is_told_of_beside_the_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "sleep_where_busy", lambda: "other programs use 60% of the processors")
    prepare()
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "other programs use 60% of the processors\n")


def test_the_report_of_a_run_is_written_at_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "made", 2, 1, 4, (24, 40), problems=2)
    terminal._report(run)
    assert capsys.readouterr().out == f"report: {run / 'report.html'}\n"
    assert "<!doctype html>" in (run / "report.html").read_text("utf-8")


def test_a_report_that_fails_costs_a_run_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("whet.dashboard.run_report.report", full)
    terminal._report(tmp_path / "my runs" / "made")
    said = capsys.readouterr().out
    assert "the report was not written" in said
    assert "No space left on device" in said
    assert f"report '{tmp_path / 'my runs' / 'made'}'" in said


def test_at_the_end_no_object_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[object] = []
    monkeypatch.setattr("atexit.register", registered.append)
    prepare()
    assert registered == [gc.freeze]
