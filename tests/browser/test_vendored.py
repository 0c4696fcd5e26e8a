"""What is taken from others is what they published, with its licence; what is ours keeps the page's own rules."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "src" / "whet" / "dashboard" / "static"
VENDORED = {
    STATIC / "vendor" / "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    STATIC / "vendor" / "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    STATIC / "vendor" / "uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    STATIC / "vendor" / "lit-html.js": "b878e7f95dec8a9b6e9b217faca6b6a11bad82ebc44c0caa77419ed83edd81f2",
    STATIC / "vendor" / "lit-html.LICENSE": "2b66f9390afde29edfe4314daff93f01fb182e1178053e228120178987e5db75",
    Path(__file__).with_name("vendor")
    / "axe.min.js": "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
    Path(__file__).with_name("vendor")
    / "axe.LICENSE": "af175b9d96ee93c21a036152e1b905b0b95304d4ae8c2c921c7609100ba8df7e",
}
"""uPlot 1.6.32 (MIT), lit-html 3.3.3 (BSD-3-Clause) and, for the tests only, axe-core 4.14.1 (MPL-2.0), as on npm."""

LINES = 300
UNSAFE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|unsafeHTML|unsafeSVG|\beval\(|new Function"
    r"|setAttribute\([\"']style|\sstyle=|[\"'`]https?://|set(?:Timeout|Interval)\([\"'`]"
)
"""What would turn text into markup or code, break the policy, or ask somebody else for something."""


@pytest.mark.parametrize("path", VENDORED, ids=lambda path: path.name)
def test_what_is_vendored_is_what_was_published(path: Path) -> None:
    assert sha256(path.read_bytes()).hexdigest() == VENDORED[path]


def test_everything_vendored_is_on_the_list() -> None:
    assert set((STATIC / "vendor").iterdir()) <= set(VENDORED)


def modules() -> list[Path]:
    """The page's own modules."""
    return sorted(STATIC.glob("*.js"))


def test_modules_are_short_and_say_what_they_are() -> None:
    texts = {path.name: path.read_text("utf-8") for path in modules()}
    assert [name for name, text in texts.items() if text.count("\n") > LINES] == []
    assert [name for name, text in texts.items() if not text.startswith("// ")] == []


def unsafe(text: str) -> list[str]:
    """Where a module does what the page must not do."""
    return UNSAFE.findall(text)


def test_no_module_makes_markup_of_text_or_asks_others() -> None:
    assert {path.name: found for path in modules() if (found := unsafe(path.read_text("utf-8")))} == {}
    index = (STATIC / "index.html").read_text("utf-8")
    assert re.findall(r"<script(?![^>]*src=\"/static/)|<style|\son\w+=|style=", index) == []


@pytest.mark.parametrize(
    "line", ["a.innerHTML = b", "eval(x)", 'fetch("https://cdn.example/x.js")', "html`<p style=${x}>`"]
)
def test_what_is_unsafe_is_found(line: str) -> None:
    assert unsafe(line)


def test_every_import_names_a_file_that_is_there_and_nothing_imports_in_a_circle() -> None:
    graph = {
        path.name: re.findall(r'from "\./([\w./-]+)"|^import "\./([\w./-]+)"', path.read_text("utf-8"), re.MULTILINE)
        for path in modules()
    }
    imports = {name: {a or b for a, b in found} for name, found in graph.items()}
    assert {target for found in imports.values() for target in found if not (STATIC / target).is_file()} == set()
    assert [name for name in imports if name in _reached(name, imports)] == []


def _reached(start: str, graph: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for target in graph.get(waiting.pop(), set()) - reached:
            reached.add(target)
            waiting.append(target)
    return reached
