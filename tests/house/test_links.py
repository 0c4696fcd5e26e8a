"""Every link in the documents leads somewhere: files that exist, and headings that are there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from house.source import ROOT

LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```[^\n]*$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.+?) *#*$", re.MULTILINE)


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and Python-Markdown make it of plain words."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")


def anchors(text: str) -> set[str]:
    """The anchors of a document."""
    return {slug(heading) for heading in HEADING.findall(FENCED.sub("", text))}


def broken(text: str, folder: Path) -> Iterator[str]:
    """Yields the links of a document that lead nowhere; those to other sites are left alone."""
    for target in LINK.findall(FENCED.sub("", text)):
        name, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", name):
            continue
        path = folder / name if name else None
        if path is not None and not path.exists():
            yield f"{target}: there is no such file"
        elif anchor and anchor not in anchors(path.read_text("utf-8") if path else text):
            yield f"{target}: there is no such heading"


def documents() -> list[str]:
    """Every Markdown file of the repository, and the notebook."""
    found = [*ROOT.glob("*.md"), *(ROOT / "examples").glob("*.ipynb")]
    found += [path for folder in ("docs", "benchmarks", "examples") for path in (ROOT / folder).rglob("*.md")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def text_of(path: Path) -> str:
    """A document's text, of a notebook that of its cells."""
    text = path.read_text("utf-8")
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"]) if path.suffix == ".ipynb" else text


@pytest.mark.parametrize("document", documents())
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    assert list(broken(text_of(path), path.parent)) == []


def test_links_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# One `two`: three\n\n```\n# not one\n```\n")
    good = "[a](other.md) [b](other.md#one-two-three) [c](https://nowhere.example) [d](#here)\n\n## Here\n"
    assert list(broken(good, tmp_path)) == []
    bad = "[a](gone.md) [b](other.md#not-one) [c](#there) ![d](gone.png)"
    assert [line.partition(":")[0] for line in broken(bad, tmp_path)] == [
        "gone.md",
        "other.md#not-one",
        "#there",
        "gone.png",
    ]
