"""What stands on disk after a table."""

import json
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.report import machine, save, versions
from benchmarks.table import Table


def table(name: str, cell: str) -> Table:
    return Table(name, f"Title of {name}", ["", "s"], [["whet", cell]], {"raw": [1.5]})


def test_json_a_page_and_one_page_for_all(tmp_path: Path) -> None:
    save(table("slopes", "1.0"), tmp_path, "python -m benchmarks")
    save(table("rollouts", "2.0"), tmp_path, "python -m benchmarks --tables rollouts")
    save(table("slopes", "3.0"), tmp_path, "python -m benchmarks")
    found = json.loads((tmp_path / "slopes.json").read_text())
    assert found["raw"] == [1.5]
    assert found["command"] == "python -m benchmarks"
    assert found["machine"] == machine()
    assert found["versions"]["torch"] == versions()["torch"]
    page = (tmp_path / "README.md").read_text()
    assert page.count("### Title of slopes") == page.count("### Title of rollouts") == 1
    assert "| whet | 3.0 |" in page
    assert "| whet | 1.0 |" not in page


def test_a_picture_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Path] = []
    monkeypatch.setattr(report, "PICTURES", {"learning": lambda table, path: drawn.append(path)})
    save(table("learning", "1.0"), tmp_path, "python -m benchmarks")
    assert drawn == [tmp_path / "learning.svg"]
    assert "](learning.svg)" in (tmp_path / "learning.md").read_text()


def test_the_processor_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> str:
        raise OSError

    monkeypatch.setattr(Path, "read_text", missing)
    assert machine()["processor"]
