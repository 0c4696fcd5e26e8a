"""Questions, answers, and the recipe that comes of them; it passes its own check."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import whet
from doubling import rows
from whet.errors import UserError
from whet.init.interview import Interview, take_defaults
from whet.recipe import load_recipe
from whet.runs.views.view import PlainView
from whet.text import silent


class Person:
    """Answers in turn, and hears what is said."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.questions: list[str] = []
        self.told: list[str] = []
        self.shown: list[Any] = []

    def ask(self, question: str, default: str) -> str:
        self.questions.append(question)
        return self.answers.pop(0) or default

    def show(self, examples: Sequence[Any]) -> None:
        self.shown += examples

    def interview(self) -> Interview:
        return Interview(self.ask, self.told.append, self.show)


def test_defaults_make_a_recipe_that_passes_its_check(tiny_folder: Path, tmp_path: Path) -> None:
    shown: list[Any] = []
    data = rows(tmp_path, 60, solution="adding it to itself")
    made = Interview(take_defaults, silent, shown.extend, patient=False)
    path = made.new_recipe(str(data), str(tiny_folder), tmp_path / "mine.yaml")
    assert len(shown) == 3
    assert all(one.target is not None for one in shown)
    small = {"check.problems": 2, "check.samples": 2, "check.rounds": 1, "check.gold": 40}
    report = whet.check(path, small, view=PlainView(silent))
    assert report.gold_failures == ()
    assert report.lengths.truncated == 0
    assert report.follows == "warm_start"  # an untrained model, and solutions to imitate


def test_a_person_is_asked_what_matters(tiny_folder: Path, tmp_path: Path) -> None:
    train, test = rows(tmp_path, 60), tmp_path / "test.jsonl"
    test.write_text('{"question": "What is 900 + 900?", "answer": "1800"}\n', encoding="utf-8")
    person = Person(str(train), str(tiny_folder), str(test), "boxed")
    path = person.interview().new_recipe(None, None, tmp_path / "mine.yaml")
    config = load_recipe(str(path))
    assert [question.split()[0] for question in person.questions] == ["Data", "Model", "Held-out", "Format"]
    assert (config.model.name, config.format.name, config.data.train.name) == (str(tiny_folder), "boxed", str(train))
    assert config.data.test is not None
    assert config.data.test.name == str(test)
    assert any(line.startswith("no worked solutions") for line in person.told)


def test_a_wrong_answer_is_asked_for_again(tiny_folder: Path, tmp_path: Path) -> None:
    person = Person(str(tmp_path / "none.jsonl"), str(rows(tmp_path, 60)), "", "boxd", "boxed")
    path = person.interview().new_recipe(None, str(tiny_folder), tmp_path / "mine.yaml")
    assert load_recipe(str(path)).format.name == "boxed"
    assert sum("data.train" in line for line in person.told) == 1
    assert any("did you mean boxed" in line for line in person.told)


def test_what_is_given_on_the_command_line_is_not_asked_again(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.train"):
        Person().interview().new_recipe(str(tmp_path / "none.jsonl"), None, None)


def test_a_file_that_is_there_is_not_overwritten(tiny_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("precious", encoding="utf-8")
    made = Interview(take_defaults, silent, lambda _: None)
    with pytest.raises(UserError, match=r"--to: .* is there already"):
        made.new_recipe(str(rows(tmp_path, 60)), str(tiny_folder), tmp_path / "mine.yaml")
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == "precious"


def test_a_recipe_is_named_after_its_data(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = Interview(take_defaults, silent, lambda _: None)
    assert made.new_recipe(str(rows(tmp_path, 60)), str(tiny_folder), None) == Path("rows.yaml")
