"""Options that commands share: what tyro makes of them, and how help calls their values."""

from pathlib import Path
from typing import Any

import pytest

from whet.cli.arguments import parse
from whet.cli.common import Count, File, Json, Name, NameOrFile, Overrides, Recipe, RunOrModel

called: dict[str, Any] = {}


def train(recipe: Recipe, /, *, show: Count = None, overrides: Overrides = ()) -> None:
    """Train it."""
    called.update(recipe=recipe, show=show, overrides=overrides)


def evaluate(
    what: RunOrModel,
    /,
    *,
    data: NameOrFile = None,
    format: Name = None,
    save: File = None,
    json: Json = False,
) -> None:
    """Measure it."""
    called.update(what=what, data=data, format=format, save=save, json=json)


VERBS = {"train": train, "eval": evaluate}


def run(*words: str) -> dict[str, Any]:
    called.clear()
    parse(VERBS, words, "A program.")()
    return dict(called)


def test_without_options_nothing_is_asked_for() -> None:
    assert run("train", "quickstart") == {"recipe": "quickstart", "show": None, "overrides": ()}
    nothing = {"data": None, "format": None, "save": None, "json": False}
    assert run("eval", "runs/a:step-4") == {"what": "runs/a:step-4", **nothing}


def test_values_arrive_as_they_were_typed() -> None:
    """A number stays a text, so that the command itself says what is wrong with one; a file is a path."""
    assert run("train", "a.yaml", "--show", "many")["show"] == "many"
    found = run("eval", "m", "--data", "007", "--format", "None.x", "--save", "out/b.jsonl", "--json")
    assert found == {"what": "m", "data": "007", "format": "None.x", "save": Path("out/b.jsonl"), "json": True}


def test_overrides_are_pairs_and_no_option_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "a", "--grpo.steps", "4", "--seed=1")["overrides"] == [("grpo.steps", "4"), ("seed", "1")]
    assert "overrides" not in help_of("train", capsys)


@pytest.mark.parametrize(
    ("verb", "shown"),
    [
        ("train", ["RECIPE", "the name of a shipped one", "--show N"]),
        (
            "eval",
            ["RUN_OR_MODEL", "RUN:step-N", "--data NAME_OR_FILE", "--format NAME", "--save FILE", "--json", "one JSON"],
        ),
    ],
)
def test_help_calls_the_values_by_what_they_are(
    verb: str, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = help_of(verb, capsys)
    assert [words for words in shown if words not in said] == []
    assert "--no-json" not in said


def help_of(verb: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `--help` prints, without its frames, on one line."""
    with pytest.raises(SystemExit) as end:
        parse(VERBS, [verb, "--help"], "A program.")
    assert not end.value.code
    return " ".join(capsys.readouterr().out.replace("│", " ").split())
