"""Sections refuse what they do not know and never change."""

import pytest
from pydantic import ValidationError

from whet.config.section import Section


class Small(Section):
    size: int = 1
    """How much."""


def test_a_section_is_strict_frozen_and_documented() -> None:
    with pytest.raises(ValidationError):
        Small.model_validate({"sise": 2})
    with pytest.raises(ValidationError):
        Small().size = 2
    assert Small.model_fields["size"].description == "How much."


class Named(Section):
    shorthand = "name"

    name: str
    """What it is called."""


def test_a_text_may_be_short_for_a_section() -> None:
    assert Named.model_validate("a") == Named.model_validate({"name": "a"}) == Named(name="a")
    for wrong in (Small, Named):
        with pytest.raises(ValidationError):
            wrong.model_validate(3)
    with pytest.raises(ValidationError):
        Small.model_validate("a")
