"""`whet eval`: a run or a model on held-out problems of your choice."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.config import Config
from whet.errors import UserError
from whet.recipe import load_recipe, make_recipe
from whet.runs.reader import RunReader, is_run
from whet.runs.view import View

if TYPE_CHECKING:
    from whet.eval.evaluate import Evaluation

Overrides = Sequence[tuple[str, str]]


def evaluation_config(
    what: str,
    data: str | None = None,
    limit: int | None = None,
    samples: int | None = None,
    response_format: str | None = None,
    overrides: Overrides = (),
) -> Config:
    """The recipe of an evaluation: the run's own, or a small one around a model; then what was asked for.

    Raises `UserError` for a run without a finished model, a model without data, or a wrong key.
    """
    asked = [("data.test", f"{{name: {data}}}")] if data else []
    asked += [("eval.problems", str(limit))] if limit else []
    asked += [("eval.samples", str(samples))] if samples else []
    asked += [("format", response_format)] if response_format else []
    every = [*asked, *overrides]
    return _of_run(RunReader(Path(what)), every) if is_run(Path(what)) else _of_model(what, data, every)


def _of_run(run: RunReader, overrides: Overrides) -> Config:
    final = run.final
    if final is None:
        raise UserError(f"{run.path}: has no finished model yet; `whet resume {run.path}` finishes it")
    own = [("model.name", str(final)), ("model.lora", "null")]
    return load_recipe(str(run.path / "recipe.yaml"), [*own, *overrides])


def _of_model(name: str, data: str | None, overrides: Overrides) -> Config:
    if data is None:
        raise UserError("--data: is missing; name the problems to ask, such as --data gsm8k or --data FILE.jsonl")
    tree: dict[str, Any] = {"model": {"name": name}, "data": {"train": {"name": data}}}
    return make_recipe(tree, overrides)


def evaluate_model(config: Config, view: View) -> "Evaluation":
    """Asks the held-out problems of `config`; trains nothing."""
    from whet.build import build_exam, build_policy
    from whet.data.prompts import PromptRenderer
    from whet.data.sources import load_source
    from whet.formats import build_format
    from whet.stages.measure import measure

    view.phase("Load", None)
    policy = build_policy(config, view.note)
    response_format = build_format(config.format)
    renderer = PromptRenderer(policy.tokenizer, response_format, config.data.question)
    held_out = config.data.test or config.data.train.model_copy(update={"split": None, "limit": None})
    problems = load_source(held_out, "test", config.seed)
    return measure(policy, build_exam(config, problems, renderer, response_format), config, view, "Evaluate")
