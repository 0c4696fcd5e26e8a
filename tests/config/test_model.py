"""What the model section takes and refuses."""

from datetime import date
from typing import Any

import pytest

from whet.config.model import LoraConfig, ModelConfig


@pytest.mark.parametrize("wrong", [{"rank": 0}, {"alpha": 0.0}, {"bits": 8}, {"targets": "q_proj"}, {"dropout": 0.1}])
def test_adapters_refuse_what_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        LoraConfig.model_validate(wrong)


@pytest.mark.parametrize("wrong", [{"dtype": "float16"}, {"compile": "sometimes"}, {"date": "July"}, {"bits": 4}])
def test_a_model_refuses_what_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ModelConfig.model_validate({"name": "a", **wrong})


def test_only_the_name_must_be_given() -> None:
    with pytest.raises(ValueError, match="name"):
        ModelConfig.model_validate({})
    made = ModelConfig.model_validate({"name": "a", "lora": {}, "date": "2026-07-26"})
    assert (made.lora, made.date) == (LoraConfig(rank=16, alpha=32.0), date(2026, 7, 26))
