"""From words to a call."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import pytest
from tyro.conf import Positional, Suppress

from whet.cli.arguments import options, parse, take_overrides, what_is_said, whole_number
from whet.errors import UserError

Overrides = Annotated[Sequence[tuple[str, str]], Suppress]
called: list[tuple[Any, ...]] = []


def train(
    recipe: Annotated[str, Positional], /, *, dry_run: bool = False, limit: int = 3, overrides: Overrides = ()
) -> None:
    """Train it.

    Args:
        dry_run: stop at once.
        limit: how far.
    """
    called.append(("train", recipe, dry_run, limit, list(overrides)))


def keys() -> None:
    """List them."""
    called.append(("keys",))


VERBS: dict[str, Callable[..., None]] = {"train": train, "keys": keys}


def run(line: str) -> tuple[Any, ...]:
    called.clear()
    parse(VERBS, line.split(), "A program.")()
    (call,) = called
    return call


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("train quick", ("train", "quick", False, 3, [])),
        ("train quick --dry-run", ("train", "quick", True, 3, [])),
        ("train --dry_run quick --limit 7", ("train", "quick", True, 7, [])),
        ("train quick --limit=7", ("train", "quick", False, 7, [])),
        ("train quick --grpo.steps 4", ("train", "quick", False, 3, [("grpo.steps", "4")])),
        ("train --seed=1 quick --a.b -1", ("train", "quick", False, 3, [("seed", "1"), ("a.b", "-1")])),
        ("train a --x.y=a=b --x.y 1", ("train", "a", False, 3, [("x.y", "a=b"), ("x.y", "1")])),
        ("train quick --lr 1e-4", ("train", "quick", False, 3, [("lr", "1e-4")])),  # the recipe knows what is meant
        ("keys", ("keys",)),
    ],
)  # fmt: skip
def test_words_become_a_call(line: str, call: tuple[Any, ...]) -> None:
    assert run(line) == call


def test_nothing_runs_before_the_call() -> None:
    called.clear()
    parse(VERBS, ["keys"], "A program.")
    assert called == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "commands are train, keys; `whet --help` says what they do"),
        ("trian x", "trian: there is no such command; did you mean train?; commands are train, keys"),
        ("--dry-run", "--dry-run: there is no such command"),
        ("train", "Missing from whet train: STR recipe (required); `whet train --help`"),
        ("train a b", "Unrecognized options: b; `whet train --help` lists the options"),
        ("train quick --limit many", "--limit: invalid literal for int() with base 10: 'many'"),
        ("train quick --limit", "Missing value for argument '--limit'"),
        ("train quick --dryrun", "--dryrun: unknown option; did you mean dry-run?; `whet train --help` lists"),
        ("train quick --seed", "--seed: needs a value, such as `--seed VALUE`"),
        ("train quick --grpo.steps --dry-run", "--grpo.steps: needs a value"),
        ("keys --seed 1", "--seed: unknown option; `whet keys --help` lists the options"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(line: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError) as refused:
        run(line)
    text = str(refused.value)
    assert said in text
    assert "\n" not in text
    assert not any(frame in text for frame in ("│", "─", "╭", "╰", "---"))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("line", "words"), [("--help", ["train", "keys", "A program."]), ("train -h", ["--limit"])])
def test_help_is_printed(line: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run(line)
    assert not end.value.code
    printed = capsys.readouterr().out
    assert all(word in printed for word in words)
    assert "overrides" not in printed


def test_a_mistake_inside_a_command_is_not_one_of_the_command_line() -> None:
    def fails() -> None:
        """Fails."""
        raise SystemExit(3)

    call = parse({"fails": fails, "keys": keys}, ["fails"], "A program.")
    with pytest.raises(SystemExit) as end:
        call()
    assert end.value.code == 3


def test_options_of_a_verb() -> None:
    assert options(train) == {"dry-run", "limit", "help"}
    assert options(keys) == {"help"}


def test_what_follows_two_dashes_is_left_alone() -> None:
    assert take_overrides("train", ["--", "x"], train) == (["--", "x"], [])


def test_a_box_without_a_rule_is_said_whole() -> None:
    assert what_is_said("╭─ Oh ─╮\n│ No   │\n╰──────╯\n") == "No"
    assert what_is_said("no box\nat all") == "no box at all"


@pytest.mark.parametrize("text", ["x", "1.5", ""])
def test_a_whole_number_that_is_none_is_named(text: str) -> None:
    with pytest.raises(UserError, match=f"--limit: is {text!r}; it must be a whole number"):
        whole_number("limit", text)
