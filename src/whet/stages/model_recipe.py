"""The recipe by which a run's model, or a model alone, is prompted: what chat and serve begin with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from whet.config import Config, FormatConfig
from whet.recipe import load_recipe, make_recipe
from whet.runs import layout
from whet.runs.address import Address
from whet.stages.run_model import model_of, run_address
from whet.text import Log, silent

LONGEST = 1024
"""Default maximum tokens of a completion, for a model without a recipe."""

NO_FORMAT = FormatConfig(name="plain", system_prompt="")
"""The recipe's format for a bare prompt: the question without a system prompt."""

Overrides = Sequence[tuple[str, Any]]

ENGINE: Overrides = (
    *(("rollout.engine", "native"), ("rollout.ahead", 0)),
    *(("rollout.vllm", None), ("rollout.ray", None)),
)
"""A finished model is sampled by the native engine, whatever trained it: it is there on every machine."""


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """A model's name, its recipe, and that of the untrained model."""

    name: str
    """The run's name with its part, or the model's name as given."""
    config: Config
    base: Config | None
    """None for a model without a run."""


def model_recipe(what: str, overrides: Overrides = (), log: Log = silent) -> ModelRecipe:
    """Returns the recipe of a run's model, format and limits as in training, or a minimal one for a model's name.

    `what` is a run, `RUN:step-N`, or any value of `model.name`; `log` is told when a checkpoint's model is written.

    Raises `UserError` for a run without a finished model, a checkpoint that is not there, or a wrong override.
    """
    found = run_address(what)
    return _of_run(found, overrides, log) if found else _of_model(what, overrides)


def _of_run(found: Address, overrides: Overrides, log: Log) -> ModelRecipe:
    recipe = found.path / layout.RECIPE
    every = [("model.lora", None), *ENGINE, *overrides]
    trained = load_recipe(recipe, [("model.name", model_of(found, log)), *every])
    return ModelRecipe(str(replace(found, path=Path(found.path.name))), trained, load_recipe(recipe, every))


def _of_model(name: str, overrides: Overrides) -> ModelRecipe:
    """Makes a recipe for a model alone, without a format. Its data is never read."""
    tree = {
        "model": {"name": name},
        "data": {"train": {"name": "arithmetic"}},
        "format": NO_FORMAT.model_dump(),
        "eval": {"max_tokens": LONGEST},
    }
    return ModelRecipe(name, make_recipe(tree, overrides), None)
