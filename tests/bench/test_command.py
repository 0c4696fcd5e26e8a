"""What `make bench` measures, prints and keeps."""

import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import command
from benchmarks.table import Table
from whet.errors import UserError


def run(monkeypatch: pytest.MonkeyPatch, out: Path, **changes: Any) -> list[Any]:
    """Runs it with tables that only say for what they were asked."""
    asked: list[Any] = []

    def make(name: str) -> Any:
        return lambda bench: asked.append((name, bench)) or Table(name, name.title(), ("a",), (("1",),), {})

    monkeypatch.setattr(command.Bench, "fitted", lambda bench: bench)
    monkeypatch.setattr(command, "TABLES", {name: make(name) for name in command.TABLES})
    options: dict[str, Any] = {
        "quick": False,
        "tables": None,
        "model": None,
        "vllm_python": None,
        "target": 0.4,
        "shape": "4,8,96,64",
        "out": out,
        "log": lambda text: None,
    }
    command.bench(**{**options, **changes})
    return asked


def test_all_tables_or_the_quick_ones_or_those_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "save", lambda table, folder, said: None)
    assert [name for name, _ in run(monkeypatch, tmp_path)] == ["equal_work", "rollouts", "learning", "slopes"]
    assert [name for name, _ in run(monkeypatch, tmp_path, quick=True)] == ["equal_work", "rollouts"]
    assert [name for name, _ in run(monkeypatch, tmp_path, tables="slopes")] == ["slopes"]
    with pytest.raises(UserError, match="--tables: there is no 'slope'"):
        run(monkeypatch, tmp_path, tables="slope")


def test_each_is_printed_and_kept_with_the_command_but_not_with_its_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "hf_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3h"
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--tables", "slopes", "--model", f"https://me:{key}@hub/m"])
    run(monkeypatch, tmp_path, tables="slopes")
    assert "Slopes" in capsys.readouterr().out
    kept = "".join(path.read_text("utf-8") for path in tmp_path.iterdir())
    assert "python -m benchmarks --tables slopes" in kept
    assert key not in kept
