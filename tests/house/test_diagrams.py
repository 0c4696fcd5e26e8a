"""The diagrams are what their script draws, and are well-formed."""

import runpy
from typing import Any
from xml.etree import ElementTree

import pytest

from house.source import ROOT


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """What docs/draw_diagrams.py defines."""
    return runpy.run_path(str(ROOT / "docs" / "draw_diagrams.py"))


@pytest.mark.parametrize(("paths", "drawn"), [("PIPELINE", "pipeline"), ("LOOP", "grpo_loop")])
def test_the_diagrams_are_as_the_script_draws_them(script: dict[str, Any], paths: str, drawn: str) -> None:
    for path in script[paths]:
        assert path.read_text("utf-8") == script[drawn](), "run: python docs/draw_diagrams.py"


@pytest.mark.parametrize("drawn", ["pipeline", "grpo_loop"])
def test_every_text_lies_within_its_picture(script: dict[str, Any], drawn: str) -> None:
    root = ElementTree.fromstring(script[drawn]())
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        assert float(text.get("x", 0)) + 6.4 * len(text.text or "") <= width, text.text
        assert 0 < float(text.get("y", 0)) < height
