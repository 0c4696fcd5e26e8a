"""Formats by name, and formats of one's own."""

from typing import get_args

import pytest

from whet.config import FormatConfig, TagsConfig
from whet.errors import UserError
from whet.formats import BUILT_IN, Parsed, build_format


def test_every_name_of_the_recipe_is_built() -> None:
    names = set(get_args(FormatConfig.model_fields["name"].annotation)) - {"custom"}
    assert set(BUILT_IN) == names
    for name in names:
        assert build_format(FormatConfig.model_validate({"name": name})).name == name


def test_system_prompts_show_the_layout_in_few_words() -> None:
    shown = BUILT_IN["think_answer"].system_prompt
    assert shown == "Reply as <think>your reasoning</think> <answer>the final answer</answer>"
    assert "\\boxed{}" in BUILT_IN["boxed"].system_prompt
    assert "####" in BUILT_IN["gsm8k"].system_prompt
    assert all(0 < len(row.system_prompt.split()) <= 20 for row in BUILT_IN.values())


@pytest.mark.parametrize("prompt", ["", "Be brief."])
def test_the_system_prompt_can_be_replaced_or_left_out(prompt: str) -> None:
    built = build_format(FormatConfig(name="boxed", system_prompt=prompt))
    assert built.system_prompt == prompt
    assert built.render("", "82") == "\\boxed{82}"


def test_a_format_of_ones_own() -> None:
    built = build_format(FormatConfig(name="custom", custom=TagsConfig(tags=["scratch", "final"], lines=True)))
    assert built.render("37 + 45", "82") == "<scratch>\n37 + 45\n</scratch>\n<final>\n82\n</final>"
    assert built.parse("<scratch>a</scratch><final>82</final>") == Parsed("a", "82")
    assert "<scratch>" in built.system_prompt
    assert "<final>" in built.system_prompt


def test_ones_own_system_prompt() -> None:
    tags = TagsConfig(tags=["final"], system_prompt="Say it.")
    assert build_format(FormatConfig(name="custom", custom=tags)).system_prompt == "Say it."
    assert build_format(FormatConfig(name="custom", custom=tags, system_prompt="No.")).system_prompt == "No."


@pytest.mark.parametrize("tags", [["<a>"], ["a b"], ["a", "a"], [""], ["1a"]])
def test_bad_tags_are_named(tags: list[str]) -> None:
    with pytest.raises(UserError, match=r"format\.custom\.tags has .*without brackets, used once"):
        build_format(FormatConfig(name="custom", custom=TagsConfig(tags=tags)))


def test_name_and_tags_must_agree() -> None:
    with pytest.raises(UserError, match=r"format\.custom is missing.*name: custom"):
        build_format(FormatConfig(name="custom"))
    with pytest.raises(UserError, match=r"'boxed' but format\.custom is set"):
        build_format(FormatConfig(name="boxed", custom=TagsConfig(tags=["a"])))
