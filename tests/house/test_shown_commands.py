"""Commands that are shown can be typed: a path in one is quoted where a shell would divide it."""

import re

import pytest

from house.source import ROOT, Source, modules

COMMAND = re.compile(
    r"(?:whet|\{whet\}|\{own_name\(\)\}) (?:chat|check|compare|eval|export|plan|push|report|resume|serve|train|ui) "
    r"\{(?P<given>\w+)(?P<rest>[^}]*)\}"
)
QUOTED = {"shell_quoted", "word", "first", "file"}
"""`shell_quoted` itself, and the names of what it returned."""


IN_PAGES = re.compile(r"`whet [^`]*\$\{(?!quoted\()[^}]*\}[^`]*`")


def unquoted(source: Source) -> list[str]:
    """The commands of a module that hold something unquoted."""
    return [found[0] for found in COMMAND.finditer(source.text) if found["given"] not in QUOTED]


def test_paths_in_commands_are_quoted() -> None:
    assert {source.name: bad for source in modules() if (bad := unquoted(source))} == {}


def test_paths_in_the_pages_commands_are_quoted() -> None:
    pages = sorted((ROOT / "src/whet/dashboard/static").glob("*.js"))
    texts = {page.name: page.read_text("utf-8") for page in pages}
    assert {name: bad for name, text in texts.items() if (bad := IN_PAGES.findall(text))} == {}
    assert sum(text.count("quoted(") for text in texts.values()) >= 2
    assert IN_PAGES.search("command(`whet resume ${run.id}`)")


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
