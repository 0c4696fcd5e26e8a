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


def test_relative_imports_within_a_package_and_without(tmp_path: Path) -> None:
    package = tmp_path / "graders"
    (package / "math").mkdir(parents=True)
    (package / "__init__.py").write_text("BASE = 1\n")
    (package / "math" / "__init__.py").write_text("")
    (package / "common.py").write_text("LIMIT = 4\n")
    (package / "math" / "near.py").write_text(
        "from .. import BASE\nfrom ..common import LIMIT\nfrom graders.common import LIMIT as SAME\n"
        "def brief(completions):\n    return [BASE + LIMIT + SAME]\n"
    )
    assert load_function(f"{package / 'math' / 'near.py'}:brief")(completions=["a"]) == [9]
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "helper.py").write_text("LIMIT = 6\n")
    (tmp_path / "loose" / "my-rewards.py").write_text(
        "from .helper import LIMIT\ndef brief(completions):\n    return [LIMIT]\n"
    )
    assert load_function(f"{tmp_path / 'loose' / 'my-rewards.py'}:brief")(completions=["a"]) == [6]


def test_what_is_imported_when_it_is_called_is_found_from_anywhere(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "late.py").write_text("def brief(completions):\n    from beside import LIMIT\n    return [LIMIT]\n")
    function = load_function(f"{folder / 'late.py'}:brief")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert function(completions=["a"]) == [5]


def test_classes_objects_methods_and_partials(folder: Path) -> None:
    (folder / "kinds.py").write_text(
        "from functools import partial\n"
        "class Brief:\n    def __init__(self, limit=7):\n        self.limit = limit\n"
        "    def __call__(self, completions):\n        return [self.limit]\n"
        "    def twice(self, completions):\n        return [2 * self.limit]\n"
        "class Mute:\n    pass\n"
        "class Asks(Brief):\n    def __init__(self, limit):\n        pass\n"
        "nine = Brief(9)\neight = partial(Brief(8).twice)\nfour = lambda completions: [4]\n"
    )
    names = ("Brief", "nine", "nine.twice", "eight", "four")
    got = {name: load_function(f"{folder / 'kinds.py'}:{name}") for name in names}
    assert {name: one(completions=["a"]) for name, one in got.items()} == {
        "Brief": [7],
        "nine": [9],
        "nine.twice": [18],
        "eight": [16],
        "four": [4],
    }
    mistakes = {"Mute": "the class has no __call__; name a function", "Asks": "making the object failed with"}
    for name, said in mistakes.items():
        with pytest.raises(UserError, match=said):
            load_function(f"{folder / 'kinds.py'}:{name}")
