"""Every example runs, on a tiny model, and is short."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from whet.api import train
from wiring import SMALL, listening, shrunk

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("0*.py"))
LONGEST = 60


@pytest.fixture(scope="module")
def run(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run that ended."""
    return train(shrunk(tiny_folder, tmp_path_factory.mktemp("runs")), view=listening()[1]).path


def said_by(name: str, words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: object) -> str:
    """What the example prints when it is run in `folder`."""
    (path,) = (path for path in EXAMPLES if path.name.startswith(name))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [str(path), *words])
    runpy.run_path(str(path), run_name="__main__")
    return capsys.readouterr().out  # type: ignore[attr-defined,no-any-return]


def small(model: Path, *names: str) -> list[str]:
    """Overrides as words, those of the shrunk quickstart whose keys begin with one of `names`."""
    chosen = {key: value for key, value in SMALL.items() if key.startswith(names)}
    pairs = {**chosen, "model.name": str(model)}
    return [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in pairs.items()]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_it_is_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < LONGEST


def test_the_first_run(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_by("01", small(tiny_folder, "model", "check", "sft", "grpo", "eval"), tmp_path, monkeypatch, capsys)
    assert "Everything is in runs/quickstart-001" in said
    assert said.count("% right") >= 2


def test_own_problems_and_an_own_reward(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_by("02", small(tiny_folder, "model", "check", "sft", "grpo", "eval"), tmp_path, monkeypatch, capsys)
    assert "step 1: reward " in said
    assert ", brief 0." in said or ", brief 1." in said


def test_the_check(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["quickstart", *small(tiny_folder, "model", "check", "grpo", "eval")]
    said = said_by("03", words, tmp_path, monkeypatch, capsys)
    assert "\n→ " in said


def test_before_and_after(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_by("04", [str(run), "4"], tmp_path, monkeypatch, capsys)
    assert "exact McNemar p = " in said
    assert "pass@4 " in said


def test_the_rollouts(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_by("05", [str(run)], tmp_path, monkeypatch, capsys)
    assert said.count("its least likely token") == 4
