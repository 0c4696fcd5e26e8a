"""The recipe that a model is prompted by."""

from pathlib import Path

import pytest

from serving import tiny_run
from whet.errors import UserError
from whet.stages.model_recipe import LONGEST, NO_FORMAT, model_recipe


def test_a_runs_own_recipe_with_its_finished_model(tmp_path: Path) -> None:
    run = tiny_run(tmp_path, model__lora={"rank": 2})
    found = model_recipe(str(run))
    assert (found.name, found.config.format.name) == ("tiny-run", "think_answer")
    assert (found.config.model.name, found.config.model.lora) == (str(run / "final"), None)
    assert found.base is not None
    assert (found.base.model.name, found.base.model.lora) == (str(tmp_path / "base"), None)


def test_a_model_alone_has_no_format() -> None:
    found = model_recipe("some/model", [("eval.max_tokens", 7)])
    assert (found.name, found.config.model.name, found.base) == ("some/model", "some/model", None)
    assert (found.config.format, found.config.eval.max_tokens) == (NO_FORMAT, 7)
    assert model_recipe("some/model").config.eval.max_tokens == LONGEST


def test_a_wrong_override_is_refused() -> None:
    with pytest.raises(UserError, match=r"eval\.max_tokens"):
        model_recipe("some/model", [("eval.max_tokens", 0)])
