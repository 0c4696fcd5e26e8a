"""Parses a command line: commands and options with tyro, recipe keys separately.

A command is a function; one with a parameter `overrides` takes any key of a recipe as an option. Errors are one line.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from functools import partial, wraps
from io import StringIO
from typing import Any

from whet.errors import UserError, did_you_mean

Command = Callable[..., None]
"""A command: its parameters are its options, its docstring is its help."""

OVERRIDES = "overrides"
"""The parameter that takes `(key, value)` pairs."""

PROGRAM = "whet"


def parse(verbs: Mapping[str, Command], arguments: Sequence[str], description: str) -> Callable[[], None]:
    """Returns the call of the command that the arguments name; prints help and exits for `--help`.

    Raises `UserError` for an unknown command or option, or an invalid value.
    """
    verb, *words = arguments or [""]
    if verb not in verbs and verb not in ("-h", "--help"):
        raise UserError(_no_verb(verb, verbs))
    pairs: list[tuple[str, str]] = []
    if verb in verbs:
        words, pairs = take_overrides(verb, words, verbs[verb])
    call = _with_tyro(verbs, [verb, *words], description)
    return partial(call, **{OVERRIDES: pairs}) if pairs else call


def _no_verb(verb: str, verbs: Mapping[str, Command]) -> str:
    there = f"commands are {', '.join(verbs)}; `{PROGRAM} --help` says what they do"
    return f"{verb}: there is no such command{did_you_mean(verb, verbs)}; {there}" if verb else there


def take_overrides(verb: str, words: Sequence[str], command: Command) -> tuple[list[str], list[tuple[str, str]]]:
    """Splits arguments into the command's own and overrides, `--section.key VALUE` or `--section.key=VALUE`.

    Raises `UserError` for an unknown option, or a key without a value.
    """
    own, takes_keys = options(command), OVERRIDES in inspect.signature(command).parameters
    rest: list[str] = []
    pairs: list[tuple[str, str]] = []
    waiting = iter(words)
    for word in waiting:
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or word == "--" or name.replace("_", "-") in own:
            rest.append(word)
        elif takes_keys and ("." in name or not did_you_mean(name, own - _keys()) or name in _keys()):
            pairs.append((name, value if equals else _value_of(name, waiting)))
        else:
            listed = f"`{PROGRAM} {verb} --help` lists the options"
            raise UserError(f"--{name}: unknown option{did_you_mean(name, own)}; {listed}")
    return rest, pairs


def options(command: Command) -> frozenset[str]:
    """Returns the names of a command's own options.

    >>> def train(recipe, /, *, dry_run=False, overrides=()): ...
    >>> sorted(options(train))
    ['dry-run', 'help']
    """
    named = [p.name for p in inspect.signature(command).parameters.values() if p.kind is p.KEYWORD_ONLY]
    return frozenset(name.replace("_", "-") for name in named if name != OVERRIDES) | {"help"}


def _keys() -> frozenset[str]:
    """The recipe's top-level keys."""
    from whet.config import Config

    return frozenset(Config.model_fields)


def _value_of(name: str, waiting: Any) -> str:
    value = next(waiting, None)
    if value is None or value.startswith("--"):
        raise UserError(f"--{name}: needs a value, such as `--{name} VALUE`")
    return str(value)


def _with_tyro(verbs: Mapping[str, Command], arguments: Sequence[str], description: str) -> Callable[[], None]:
    import tyro

    errors = StringIO()
    flags = (tyro.conf.FlagCreatePairsOff,)
    deferred = {name: _deferred(command) for name, command in verbs.items()}
    try:
        with redirect_stderr(errors):
            call: Callable[[], None] = tyro.extras.subcommand_cli_from_dict(
                deferred, args=list(arguments), prog=PROGRAM, description=description, config=flags
            )
    except SystemExit as end:
        if not end.code:
            raise
        listed = f"`{PROGRAM} {arguments[0]} --help` lists the options"
        raise UserError(f"{what_is_said(errors.getvalue())}; {listed}") from None
    return call


def _deferred(command: Command) -> Callable[..., Callable[[], None]]:
    """Wraps a command to return its call: tyro then handles errors of parsing, not of running."""

    @wraps(command)
    def defer(*args: Any, **options: Any) -> Callable[[], None]:
        return partial(command, *args, **options)

    return defer


def what_is_said(box: str) -> str:
    """Returns the first paragraph of tyro's boxed error message, on one line. Without Unicode a box has no frame.

    >>> what_is_said("╭─ Oh ──╮\\n│ No    │\\n│ way.  │\\n│ ───── │\\n│ Help! │\\n╰───────╯\\n")
    'No way'
    >>> what_is_said(" Oh    \\n ------ \\n  No   \\n  way. \\n ------ \\n  Help! \\n")
    'No way'
    """
    inside = " ".join(line.strip("│ ") for line in box.splitlines() if not line.startswith(("╭", "╰")))
    title = [] if "│" in box else [""]
    paragraphs = [*re.split(r"(?<!\S)[─-]{3,}(?!\S)", inside), *title]
    return " ".join(paragraphs[len(title)].split()).rstrip(".") or " ".join(inside.split())


def whole_number(option: str, text: str) -> int:
    """Returns the value of an option as a whole number. Raises `UserError` where it is none.

    >>> whole_number("limit", "12")
    12
    """
    try:
        return int(text)
    except ValueError:
        raise UserError(f"--{option}: is {text!r}; it must be a whole number") from None
