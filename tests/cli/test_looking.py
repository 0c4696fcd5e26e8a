"""`whet runs`, `whet show`, `whet ui` on the command line."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from page_runs import page_run
from whet.cli.main import main


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(words)
    return int(end.value.code or 0)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    page_run(tmp_path / "runs" / "a")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def call(*words: str) -> None:
    with suppress(SystemExit):
        main(words)


def test_runs_lists_the_usual_folder(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("runs")
    assert "60.0 %" in capsys.readouterr().out
    call("runs", str(runs), "--json")
    (row,) = json.loads(capsys.readouterr().out)["runs"]
    assert (row["id"], row["accuracy"]["difference"]["fixed"]) == ("a", 2)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], lambda found: found["run"]["name"] == "a"),
        (["--step", "1"], lambda found: found["step"] == 1),
        (["--step", "last"], lambda found: found["step"] == 3),
        (["--step", "1", "--group", "0"], lambda found: found["samples"][0]["tokens_of"]["ids"] == [11, 12]),
        (["--problem", "p-0"], lambda found: len(found["visits"]) == 4),
    ],
)
def test_show_prints_the_page_s_rows(
    runs: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: Any
) -> None:
    call("show", "a", *words, "--json")
    assert expected(json.loads(capsys.readouterr().out))
    call("show", "runs/a", *words)
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "b"], "runs/b is not a run folder"),
        (["show", "a", "--step", "9"], "the nearest is 3"),
        (["show", "a", "--step", "x"], "--step: is 'x'; it must be a whole number"),
        (["show", "a", "--group", "1"], "name that with --step"),
        (["show", "a", "--problem", "zzz"], "problem: zzz is not in this run"),
        (["runs", "nowhere"], "there is no folder nowhere"),
        (["ui", "nowhere", "--no-open"], "there is no folder nowhere"),
        (["ui", "--port", "many"], "--port: is 'many'"),
        (["ui", "--port", "99999", "--no-open"], "must be between 0 and 65535"),
    ],
)
def test_errors_are_one_line(runs: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert run(*words) == 2
    found = capsys.readouterr().err
    assert said in found
    assert len(found.strip().splitlines()) == 1


def test_ui_passes_its_options_on(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        "whet.dashboard.serving.serve", lambda *args, **options: asked.append((args, options["browser"]))
    )
    call("ui")
    call("ui", "runs/a", "--port", "0", "--host", "::1", "--no-open")
    assert asked == [((Path("runs"), None, "127.0.0.1"), True), ((Path("runs/a"), 0, "::1"), False)]
