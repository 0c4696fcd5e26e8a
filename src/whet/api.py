"""The Python API: train, resume, check, evaluate and compare. `import whet` exports these without loading torch."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet import recipe as recipes
from whet.config import Config
from whet.data.load_data import find_data, find_source
from whet.diagnose.report import CheckReport
from whet.runs import layout
from whet.runs.address import find_run
from whet.runs.environment import environment
from whet.runs.naming import check_place, stem_of
from whet.runs.reader import RunReader
from whet.runs.train_log import TrainLog, warnings_to
from whet.runs.views.live import make_view
from whet.runs.views.view import View
from whet.stages.compare import compare
from whet.stages.manifest import changed_files, manifest, newer_versions, other_prompts, refuse_other
from whet.stages.run_result import RunResult, finished
from whet.train_loop.signals import Stop

if TYPE_CHECKING:
    from whet.eval.evaluation import Evaluation
    from whet.runs.tracker_thread import TrackerThread
    from whet.runs.writer import RunWriter
    from whet.stages.pipeline import Pipeline
    from whet.stages.show_examples import ShownExample

__all__ = ["Recipe", "check", "compare", "evaluate", "load_recipe", "open_run", "resume", "show_prompts", "train"]

Recipe = str | PathLike[str] | Mapping[str, Any] | Config
"""A shipped recipe by name, your own by path or as nested mappings, or settings from `load_recipe`."""

Overrides = Mapping[str, Any] | Sequence[tuple[str, Any]]
"""Values by dotted key, such as `{"grpo.steps": 4, "data.train": {"name": "gsm8k"}}`."""


def load_recipe(recipe: Recipe, overrides: Overrides = ()) -> Config:
    """Loads the settings of a recipe, with overrides.

    Args:
        recipe: the name of a shipped recipe, a path, nested mappings as in YAML, or settings loaded before.
        overrides: values by dotted key that replace those of the recipe.

    Raises:
        whet.errors.UserError: there is no such recipe, or it is invalid: one line per mistake.
    """
    pairs = [(key, fspath(value) if isinstance(value, PathLike) else value) for key, value in _pairs(overrides)]
    if isinstance(recipe, Config):
        return recipes.make_recipe(recipe.model_dump(), pairs) if pairs else recipe
    if isinstance(recipe, Mapping):
        return recipes.make_recipe(dict(recipe), pairs)
    return recipes.load_recipe(str(recipe), pairs)


def train(
    recipe: Recipe, overrides: Overrides = (), *, view: View | None = None, stop: Stop | None = None
) -> RunResult:
    """Trains a model, check → warm start → GRPO → evaluate, and records everything in a run folder.

    docs/how-to/run-folder.md describes the folder.

    Args:
        recipe: as `load_recipe` takes it.
        overrides: as `load_recipe` takes them.
        view: where progress is shown; the default is the terminal.
        stop: a stop request, set by signals, on which the run saves a checkpoint and ends.

    Raises:
        whet.errors.UserError: for whatever the user can fix.
        KeyboardInterrupt: a stop was requested; `resume` continues the run.
    """
    from whet.build.renderer import as_rendered
    from whet.stages.pipeline import Pipeline, load, with_sizes
    from whet.stages.run_folder import created, of_this_process, refuse_alone, together

    config = load_recipe(recipe, overrides)
    refuse_alone(config)
    config = together(config)
    file = None if isinstance(recipe, Config | Mapping) else recipes.find_recipe(str(recipe))
    check_place(Path(config.run.folder), config.run.name)
    refuse_absent(config)
    with _logged(view) as train_log:
        shown = train_log.view
        trackers = _trackers(of_this_process(config), shown)
        built = load(config, shown)
        config = as_rendered(config, built.task.renderer)
        config = with_sizes(config, built, shown)
        text, made_from = recipes.dump_recipe(config), manifest(config, built.policy, built.task, file)
        stem = stem_of(file.name if file else "run")
        with created(config, text, made_from, stem) as run, _recorded(run, train_log):
            stages = Pipeline.of(built, of_this_process(config), run, shown, stop)
            with _accompanied(stages, trackers):
                return stages.whole()


def resume(path: str | PathLike[str], *, view: View | None = None, stop: Stop | None = None) -> RunResult:
    """Resumes a run from its newest valid checkpoint, or from the start; the result is as if never stopped.

    `path` is its folder, or its name in runs/. For a finished run returns its result.

    Raises as `train` does, and `UserError` where data or model have changed.
    """
    from whet.build.shared import joined
    from whet.stages.pipeline import Pipeline, load, with_sizes
    from whet.stages.run_folder import of_this_process, reopened, together
    from whet.train_loop.memory_watch import killed_for_memory, with_smaller_micro_batches

    reader = RunReader(find_run(path))
    config = together(recipes.load_recipe(reader.path / layout.RECIPE))
    if reader.final:
        return finished(reader)
    refuse_absent(config)
    shortage, changed = joined().first(
        lambda: (killed_for_memory(reader.path), changed_files(reader.manifest, reader.path))
    )
    with _logged(view) as train_log, reopened(reader.path) as run, _recorded(run, train_log):
        shown = train_log.view
        if shortage:
            config = with_smaller_micro_batches(config, shortage, shown.note)
            run.record_recipe(recipes.dump_recipe(config))
        trackers = _trackers(of_this_process(config), shown)
        built = load(config, shown)
        config = with_sizes(config, built, shown)
        made_from = manifest(config, built.policy, built.task)
        refuse_other(made_from, reader.manifest)
        others = other_prompts(made_from, reader.manifest)
        for line in (*newer_versions(environment(), reader.manifest), *changed, *others):
            shown.note(f"resume: {line}")
        stages = Pipeline.of(built, of_this_process(config), run, shown, stop)
        with _accompanied(stages, trackers):
            return stages.rest(reader)


@contextmanager
def _recorded(run: "RunWriter", train_log: TrainLog) -> Iterator[None]:
    """In the block the outcome is logged, and the memory watched, of a run that is open."""
    from whet.train_loop.memory_watch import watched_memory

    with train_log.record_outcome(run), watched_memory(run.path) if run.writes else nullcontext():
        yield


@contextmanager
def _accompanied(stages: "Pipeline", trackers: "Sequence[TrackerThread]") -> Iterator[None]:
    """In the block the stages run, tracked; after it the result is pushed where the recipe says so."""
    from whet.publish.push import push_when_asked
    from whet.runs.open_trackers import tracked

    with tracked(stages.run, trackers, stages.config):
        yield
    push_when_asked(stages.config.run.push, stages.result, stages.view.note)


def open_run(path: str | PathLike[str]) -> RunResult:
    """A run that is on disk: its evaluations, its model, and, as `reader`, every figure and rollout.

    Raises `UserError` where `path` is neither a run folder nor the name of one in runs/.
    """
    return finished(RunReader(find_run(path)))


def check(recipe: Recipe, overrides: Overrides = (), *, view: View | None = None) -> CheckReport:
    """Checks whether a recipe's training would have a signal, and diagnoses why not; trains and writes nothing.

    Takes and raises what `train` does.
    """
    from whet.stages.check import check as run
    from whet.stages.pipeline import load, settled, with_sizes

    config = load_recipe(recipe, overrides)
    refuse_absent(config)
    with _progress(view) as shown, warnings_to(shown):
        built = settled(load(config, shown), config, shown)
        config = with_sizes(config, built, shown)
        return run(built.policy, built.sampler, built.task, config, shown)


def show_prompts(recipe: Recipe, count: int = 3, overrides: Overrides = ()) -> "list[ShownExample]":
    """The first `count` prompts of a recipe's training and their SFT targets, token by token; loads no model.

    Takes and raises what `train` does.
    """
    from whet.stages.show_examples import show_examples

    config = load_recipe(recipe, overrides)
    refuse_absent(config)
    return show_examples(config, count)


def evaluate(
    run_or_model: str | PathLike[str],
    data: str | None = None,
    *,
    limit: int | None = None,
    samples: int | None = None,
    format: str | None = None,
    overrides: Overrides = (),
    view: View | None = None,
) -> "Evaluation":
    """Evaluates a run or a model on held-out problems: accuracy with its interval, pass@k and maj@k, lengths.

    Args:
        run_or_model: a run, `RUN:step-N` for one of its checkpoints, or a model as in `model.name`.
        data: a data set's name or a file; the default is the run's own held-out problems.
        limit: the number of problems; the default is the run's own, and 256 for a model.
        samples: completions sampled for each problem, besides the greedy one.
        format: the response format; the default is the run's own.
        overrides: as `load_recipe` takes them.
        view: where progress is shown; the default is the terminal.

    Raises:
        whet.errors.UserError: for whatever the user can fix.
    """
    from whet.stages.evaluate import evaluate_model, evaluation_config

    config = evaluation_config(str(run_or_model), data, limit, samples, format, _pairs(overrides))
    with _progress(view) as shown:
        return evaluate_model(config, shown)


def _pairs(overrides: Overrides) -> Sequence[tuple[str, Any]]:
    return list(overrides.items()) if isinstance(overrides, Mapping) else list(overrides)


def refuse_absent(config: Config) -> None:
    """Raises `UserError` for data files, tasks and task parameters that do not exist, before a model loads."""
    find_data(config.data)
    if config.sft.data and config.sft.when != "never":
        find_source(config.sft.data, "train", "sft.data")


def _trackers(config: Config, view: View) -> "list[TrackerThread]":
    """Opens the recipe's trackers and warns of a missing hub token, both before a model loads."""
    from whet.publish.push import warn_without_token
    from whet.runs.open_trackers import open_trackers

    trackers = open_trackers(config, view.note)
    warn_without_token(config.run.push, view.note)
    return trackers


@contextmanager
def _progress(view: View | None) -> Iterator[View]:
    """Yields the given view, or one on the terminal for the duration of the block."""
    if view is not None:
        yield view
    else:
        with make_view() as shown:
            yield shown


@contextmanager
def _logged(view: View | None) -> Iterator[TrainLog]:
    """Opens the train log on top of the view; the package's warnings go there too."""
    with _progress(view) as shown:
        train_log = TrainLog(shown)
        with warnings_to(train_log.view):
            yield train_log
