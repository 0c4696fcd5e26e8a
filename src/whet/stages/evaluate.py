"""`whet eval`: evaluates a run or a model on held-out problems."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.config import Config
from whet.errors import UserError
from whet.files import why_unwritable
from whet.protocols import Sampler
from whet.recipe import load_recipe, make_recipe
from whet.runs import jsonl, layout
from whet.runs.address import Address
from whet.runs.train_log import warnings_to
from whet.runs.views.view import View
from whet.stages.model_recipe import ENGINE
from whet.stages.run_model import model_of, run_address
from whet.text import Log, silent

if TYPE_CHECKING:
    from whet.build.task import EvalSet
    from whet.data.prompts import PromptRenderer
    from whet.eval.evaluation import Evaluation
    from whet.policy.language_model import LanguageModel

Overrides = Sequence[tuple[str, Any]]

SHORT = {"--eval.problems": "--limit", "--eval.samples": "--samples", "--data.test": "--data"}
"""Recipe keys with an option of their own here, which error messages then name."""


def evaluation_config(
    what: str,
    data: str | None = None,
    limit: int | str | None = None,
    samples: int | str | None = None,
    response_format: str | None = None,
    overrides: Overrides = (),
    log: Log = silent,
) -> Config:
    """Returns the recipe of an evaluation: the run's own, or a minimal one for a model, with the options applied.

    `what` is a run, `RUN:step-N`, or a model; `log` is told when the model of a checkpoint is written.

    Raises `UserError` for a run without a finished model, a model without data, or a wrong key.
    """
    given = {"eval.problems": limit, "eval.samples": samples, "format": response_format}
    options: list[tuple[str, Any]] = [(key, value) for key, value in given.items() if value is not None]
    if data is not None:
        options.append(("data.test", {"name": data}))
    every = [*options, *overrides]
    try:
        found = run_address(what)
        return _of_run(found, every, log) if found else _of_model(what, data, every)
    except UserError as error:
        text = str(error)
        for key, option in SHORT.items():
            if key[2:] in dict(options):
                text = text.replace(key, option)
        raise UserError(text) from None


def _of_run(found: Address, overrides: Overrides, log: Log = silent) -> Config:
    own = [("model.name", model_of(found, log)), ("model.lora", None), *ENGINE]
    return load_recipe(found.path / layout.RECIPE, [*own, *overrides])


def _of_model(name: str, data: str | None, overrides: Overrides) -> Config:
    if data is None:
        raise UserError("--data: is missing; name the problems to ask, such as --data gsm8k or --data FILE.jsonl")
    tree: dict[str, Any] = {"model": {"name": name}, "data": {"train": {"name": data}}}
    return make_recipe(tree, overrides)


@dataclass(frozen=True)
class EvaluationTask:
    """A model with its engine, and the held-out problems that it is asked."""

    policy: "LanguageModel"
    sampler: Sampler
    renderer: "PromptRenderer"
    eval_set: "EvalSet"


def evaluation_task(config: Config, view: View) -> EvaluationTask:
    """Loads the model of `config` and its held-out problems. Raises `UserError` for a model or data not there."""
    from whet.build.policy import build_policy
    from whet.build.renderer import build_renderer
    from whet.build.roles import build_sampler
    from whet.build.task import build_eval_set, longest_response
    from whet.data.load_data import held_out_source, load_source
    from whet.data.prompt_length import PromptLengthFilter
    from whet.data.sources import max_broken
    from whet.formats import build_format
    from whet.train_loop.trial import refuse_untrainable

    view.phase("Load", None)
    sampler = build_sampler(config)
    policy = build_policy(config, view.note)
    refuse_untrainable(policy, sampler, trained=False)
    response_format = build_format(config.format)
    renderer = build_renderer(config, policy.tokenizer, response_format, view.note)
    held_out = held_out_source(config.data)
    room = PromptLengthFilter(renderer, policy.context, longest_response(config, "eval"))
    problems = room.fitting(load_source(held_out, "test", config.seed), "data.test", max_broken(held_out))
    eval_set = build_eval_set(config, problems, renderer, response_format)
    return EvaluationTask(policy, sampler, renderer, eval_set)


def evaluate_model(config: Config, view: View) -> "Evaluation":
    """Evaluates the model of `config` on its held-out problems. Raises `UserError` for a model or data not there."""
    from whet.stages.measure import measure

    with warnings_to(view):
        task = evaluation_task(config, view)
        return measure(task.policy, task.sampler, task.eval_set, config, view, "Evaluate")


def refuse_unwritable(path: Path | None) -> None:
    """Raises `UserError` where records could not be saved to `path`, before they are made; None is fine."""
    if path is None:
        return
    if reason := "it is a folder" if path.is_dir() else why_unwritable(path.parent):
        raise UserError(f"--save: {path} cannot be written ({reason}); name another file")


def save_records(path: Path, evaluation: "Evaluation") -> None:
    """Writes a record per problem, as `whet compare` reads them. Raises `UserError` where `path` cannot be written."""
    try:
        jsonl.write(path, [record.as_dict() for record in evaluation.records])
    except OSError as error:
        raise UserError(f"--save: {path} cannot be written ({error.strerror}); name another file") from error
