"""The recipe as a tree."""

import os
from pathlib import Path

import pytest

from whet.dashboard.recipe_tree import recipe_tree


def test_it_is_parsed_again_when_the_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("seed: 1\n")
    assert recipe_tree(tmp_path) is recipe_tree(tmp_path)
    assert recipe_tree(tmp_path) == {"seed": 1}
    path.write_text("seed: 2\n")
    os.utime(path, (1, 1))
    assert recipe_tree(tmp_path) == {"seed": 2}


@pytest.mark.parametrize("text", ["", "[1]", "a: [", "!!python/object/apply:os.system ['true']", "\x00"])
def test_what_is_no_recipe_is_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / "recipe.yaml").write_text(text)
    assert recipe_tree(tmp_path) == {}


def test_no_file_is_empty(tmp_path: Path) -> None:
    assert recipe_tree(tmp_path) == {}
