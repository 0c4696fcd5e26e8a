"""A recipe's text says what its choices say."""

from pathlib import Path

import pytest

from whet.formats import BUILT_IN
from whet.init.choices import Choices
from whet.init.recipe_text import LAYOUTS, recipe_text
from whet.recipe import load_recipe, make_recipe

CHOICES = [
    Choices(model="SmolLM2-135M-Instruct", data="arithmetic", test=None, hold_out=None),
    Choices(model="Qwen/Qwen2.5-0.5B", data="rows: one.jsonl", test='odd "name".csv', hold_out=None, solutions=False),
    Choices(model="on", data="a\tb.jsonl", test=None, hold_out=0.1, format="boxed", reward="exact_match", max_tokens=8),
]


@pytest.mark.parametrize("choices", CHOICES)
def test_it_loads_to_the_same_settings(choices: Choices, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(recipe_text(choices, path.name), encoding="utf-8")
    assert load_recipe(str(path)) == make_recipe(choices.tree())


def test_every_part_has_a_comment() -> None:
    text = recipe_text(CHOICES[0], "mine.yaml")
    lines = text.splitlines()
    for part in ("model:", "data:", "format:", "rewards:", "sft:", "grpo:", "eval:"):
        (place,) = [number for number, line in enumerate(lines) if line.startswith(part)]
        assert lines[place - 1].startswith("# ")
    assert "whet train mine.yaml" in text


def test_every_built_in_format_is_described() -> None:
    assert set(LAYOUTS) == set(BUILT_IN)
