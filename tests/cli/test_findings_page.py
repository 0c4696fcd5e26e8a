"""Findings on the screen."""

from io import StringIO

from rich.console import Console

from whet.cli.findings_page import findings_page
from whet.doctor.finding import Finding

FOUND = [
    Finding("machine", "device", "CPU, 2 cores"),
    Finding("sandbox", "code_tests", "none works", "note", "install bubblewrap"),
    Finding("machine", "cache folder", "x" * 100, "fault", "set WHET_CACHE"),
]


def page(found: list[Finding], width: int = 80) -> str:
    console = Console(file=StringIO(), width=width)
    console.print(findings_page(found))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_each_topic_comes_once_and_each_fix_under_its_finding() -> None:
    text = page(FOUND)
    assert [text.count(topic) for topic in ("machine", "sandbox")] == [1, 1]
    assert text.index("device") < text.index("cache folder") < text.index("→ set WHET_CACHE") < text.index("sandbox")
    assert "1 thing to fix (✗)" in text
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("x") >= 100  # folded, not cut


def test_notes_alone_are_no_faults() -> None:
    assert "whet can train here" in page(FOUND[:2])
