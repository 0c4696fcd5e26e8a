"""Functions fetched from files and modules, and mistakes that are named."""

import sys
from pathlib import Path

import pytest

from whet.errors import UserError
from whet.workers.import_function import load_function

CODE = "from beside import LIMIT\n\ndef brief(completions, **kwargs):\n    return [LIMIT] * len(completions)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("LIMIT = 5\n")
    (tmp_path / "mine.py").write_text(CODE)
    (tmp_path / "broken.py").write_text("import not_there_at_all\n")
    (tmp_path / "typo.py").write_text("def f(:\n")
    (tmp_path / "quits.py").write_text("raise SystemExit(3)\n")
    return tmp_path


@pytest.fixture(autouse=True)
def forget_modules():  # type: ignore[no-untyped-def]
    before, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_function_in_a_file_finds_what_lies_beside_it(folder: Path) -> None:
    path = list(sys.path)
    assert load_function(f"{folder / 'mine.py'}:brief")(completions=["a", "b"]) == [5, 5]
    assert sys.path == [*path, str(folder)]  # last, for what it imports when it is called
    load_function(f"{folder / 'mine.py'}:brief")
    assert sys.path == [*path, str(folder)]


def test_a_relative_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert load_function("mine.py:brief")(completions=["a"]) == [5]


def test_two_files_of_one_name_are_two_modules(folder: Path) -> None:
    (folder / "other").mkdir()
    (folder / "other" / "mine.py").write_text("def brief(completions):\n    return [9]\n")
    assert load_function(f"{folder / 'mine.py'}:brief")(completions=["a"]) == [5]
    assert load_function(f"{folder / 'other' / 'mine.py'}:brief")(completions=["a"]) == [9]


def test_a_function_in_an_installed_module() -> None:
    import json

    assert load_function("json:dumps") is json.dumps


def test_a_module_in_the_working_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert load_function("mine:brief")(completions=["a"]) == [5]


@pytest.mark.parametrize(
    ("spec", "fix"),
    [
        ("{folder}/absent.py:brief", "there is no file .*absent.py"),
        ("{folder}/mine.py:breif", "has no function 'breif'; did you mean brief?"),
        ("{folder}/mine.py:zzz", "has no function 'zzz'; it has brief"),
        ("{folder}/beside.py:LIMIT", "has no function 'LIMIT'; it has none"),
        ("{folder}/broken.py:f", "importing it failed with ModuleNotFoundError: No module named 'not_there"),
        ("{folder}/typo.py:f", "importing it failed with SyntaxError"),
        ("{folder}/quits.py:f", "importing it failed with SystemExit: 3"),
        ("not_there_at_all:f", "importing it failed with ModuleNotFoundError"),
        ("mine.py:", "write `package.module:function`"),
        (":f", "write `package.module:function`"),
    ],
)
def test_mistakes_are_named_in_one_line(folder: Path, spec: str, fix: str) -> None:
    with pytest.raises(UserError, match=fix) as caught:
        load_function(spec.format(folder=folder))
    assert "\n" not in str(caught.value)
