"""The prompt renderer of a recipe, and the day it prints."""

from datetime import date
from pathlib import Path

import templates
from templates import tokenizer
from whet.build.renderer import as_rendered, build_renderer
from whet.formats import build_format
from whet.recipe import dump_recipe, make_recipe
from whet.recipe.yaml_lines import read_document
from whet.types import Problem
from wiring import shrunk


def test_the_recipe_words_the_prompt(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"model.template.enable_thinking": True, "data.question": "Q: {question}"})
    said: list[str] = []
    made = tokenizer(templates.THINKING_OFF)
    prompt = build_renderer(config, made, build_format(config.format), said.append).render(Problem("1", "3?", "3"))
    assert made.decode(prompt.tokens).endswith("user\nQ: 3?<|im_end|>\n<|im_start|>assistant\n<think>\n")
    assert said == []
    default = shrunk(tiny_folder, tmp_path)
    renderer = build_renderer(default, made, build_format(config.format), said.append)
    assert said[0].startswith("model.template.enable_thinking is true: the format begins with <think>, and by default")
    assert as_rendered(default, renderer).model.template == {"enable_thinking": True}


def test_a_run_keeps_the_day_on_which_it_began_where_its_prompts_print_it(tiny_folder: Path, tmp_path: Path) -> None:
    config, dated = shrunk(tiny_folder, tmp_path), tokenizer(templates.DATED)
    kept = as_rendered(config, build_renderer(config, dated, build_format(config.format)))
    assert kept.model.date == date.today()
    again = make_recipe(read_document(dump_recipe(kept), "recipe.yaml").tree)
    assert again == kept
    plain = build_renderer(config, tokenizer(templates.PHI), build_format(config.format))
    assert as_rendered(config, plain) == config


def test_a_day_of_the_recipe_is_kept(tiny_folder: Path, tmp_path: Path) -> None:
    config, dated = shrunk(tiny_folder, tmp_path, {"model.date": "2024-07-06"}), tokenizer(templates.DATED)
    renderer = build_renderer(config, dated, build_format(config.format))
    assert dated.decode(renderer.render(Problem("1", "3?", "3")).tokens).startswith("Today is 06 Jul 2024\n")
    assert as_rendered(config, renderer) == config
