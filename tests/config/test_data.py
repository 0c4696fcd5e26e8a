"""What a recipe says of its problems."""

import pytest
from pydantic import ValidationError

from whet.config.data import DataConfig, KeepConfig, SourceConfig


def test_a_source_is_taken_whole_and_once_unless_it_says_otherwise() -> None:
    source = SourceConfig(name="gsm8k")
    assert (source.keep, source.limit, source.weight) == (None, None, 1.0)
    assert DataConfig(train=source).mix == []


@pytest.mark.parametrize("wrong", [{"weight": 0}, {"weight": -1}, {"keep": {"answers": ["numbers"]}}, {"limit": 0}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SourceConfig.model_validate({"name": "gsm8k", **wrong})


def test_conditions_have_names_and_sentences() -> None:
    assert all(field.description for field in KeepConfig.model_fields.values())
