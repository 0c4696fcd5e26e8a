"""Commands that are shown can be typed: a path in one is quoted where a shell would divide it."""

import re

import pytest

from house.source import Source, modules

COMMAND = re.compile(
    r"(?:whet|\{whet\}|\{own_name\(\)\}) (?:chat|check|compare|eval|export|plan|push|report|resume|serve|train|ui) "
    r"\{(?P<given>\w+)(?P<rest>[^}]*)\}"
)
QUOTED = {"shell_quoted", "word", "first", "file"}
"""`shell_quoted` itself, and the names of what it returned."""


def unquoted(source: Source) -> list[str]:
    """The commands of a module that hold something unquoted."""
    return [found[0] for found in COMMAND.finditer(source.text) if found["given"] not in QUOTED]


def test_paths_in_commands_are_quoted() -> None:
    assert {source.name: bad for source in modules() if (bad := unquoted(source))} == {}


def test_commands_are_found_at_all() -> None:
    assert sum(len(COMMAND.findall(source.text)) for source in modules()) >= 12


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('f"whet chat {run.path}"', 1),
        ('f"{own_name()} ui {folder}"', 1),
        ('f"`{whet} resume {path}` goes on"', 1),
        ('f"whet chat {shell_quoted(run.path)}"', 0),
        ('f"whet {__version__}"', 0),
    ],
)
def test_the_rule_itself(text: str, count: int) -> None:
    assert len(unquoted(Source("whet.made", text))) == count
