"""The format section: a layout by its name, or tags of one's own."""

import pytest
from pydantic import ValidationError

from whet.config import FormatConfig, TagsConfig


def test_a_name_stands_for_the_section() -> None:
    assert FormatConfig.model_validate("boxed") == FormatConfig(name="boxed")
    assert FormatConfig.model_validate({}) == FormatConfig(name="think_answer", system_prompt=None, custom=None)


@pytest.mark.parametrize("name", ["", "Boxed", "think-answer", "scratch"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=r"name\n.*'think_answer', 'reasoning_answer', .* or 'custom'"):
        FormatConfig.model_validate(name)


def test_no_system_prompt_and_the_layouts_own_are_two_things() -> None:
    empty = FormatConfig.model_validate({"name": "boxed", "system_prompt": ""})
    assert empty.system_prompt == ""
    assert empty != FormatConfig(name="boxed")
    assert FormatConfig.model_validate({"name": "boxed", "system_prompt": None}) == FormatConfig(name="boxed")


def test_tags_keep_their_order() -> None:
    """The last one holds the answer."""
    given = {"name": "custom", "custom": {"tags": ["scratch", "check", "final"], "lines": True}}
    custom = FormatConfig.model_validate(given).custom
    assert custom == TagsConfig(tags=["scratch", "check", "final"], system_prompt=None, lines=True)
    assert custom.tags[-1] == "final"


@pytest.mark.parametrize(
    ("custom", "said"),
    [
        ({}, r"custom\.tags\n +Field required"),
        ({"tags": []}, r"custom\.tags\n +List should have at least 1 item"),
        ({"tags": "final"}, r"custom\.tags\n +Input should be a valid list"),
        ({"tags": [1]}, r"custom\.tags\.0\n +Input should be a valid string"),
        ({"tags": ["final"], "tag": "x"}, r"custom\.tag\n +Extra inputs are not permitted"),
        ("final", r"custom\n +Input should be a valid dictionary"),
    ],
)
def test_tags_that_are_none_are_refused(custom: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FormatConfig.model_validate({"name": "custom", "custom": custom})
