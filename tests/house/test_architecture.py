"""The picture of the architecture is what its script draws from the code, and its walk names what there is."""

import runpy
from typing import Any

import pytest

from house.source import ROOT


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """What docs/draw_architecture.py defines."""
    return runpy.run_path(str(ROOT / "docs" / "draw_architecture.py"))


def test_the_picture_is_as_drawn(script: dict[str, Any]) -> None:
    assert script["PICTURE"].read_text("utf-8") == script["drawn"](), "run: python docs/draw_architecture.py"


def test_the_walk_has_ten_stops_each_a_file(script: dict[str, Any]) -> None:
    walk = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("## Where")[0]
    places = [walk.index(f"`{file}:{name}`") for file, name in script["STOPS"]]
    assert len(places) == 10
    assert places == sorted(places), "in the order of the walk"


def test_rooms_and_arrows_are_those_of_the_code(script: dict[str, Any]) -> None:
    rooms = {room for _, rooms in script["floors"]() for room in rooms}
    assert {"grpo", "batch", "cli", "rollout"} <= rooms
    found = script["arrows"](rooms)
    assert ("rollout", "models") in found
    assert ("grpo", "config") in found
    assert not {(b, a) for a, b in found} & set(found), "no two rooms import each other"
