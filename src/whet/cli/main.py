"""The command line: one function per command.

Exit status: 0 done · 2 the user's input is wrong · 75 interrupted · 1 failed.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from whet.cli.arguments import Command, parse, whole_number
from whet.cli.common import Count, File, Json, Name, NameOrFile, Overrides, Recipe, RunOrModel
from whet.cli.exit_status import exit_status
from whet.cli.looking import report, runs, ui
from whet.cli.looking import show as show_run
from whet.cli.planning import doctor, dry, init, plan, show_beside_plan
from whet.cli.several import one_of_several, shared_anew, start_others
from whet.cli.sharing import export, push
from whet.cli.surroundings import check_surroundings
from whet.cli.sweep_page import sweep
from whet.cli.talking import ask_problems, chat, serve
from whet.cli.terminal import console, encoded, following, prepare, progress, show, tell, tolerate_encodings
from whet.errors import UserError


def train(recipe: Recipe, /, *, dry_run: bool = False, overrides: Overrides = ()) -> None:
    """Take a model the whole way: check, warm start, GRPO, evaluate.

    Any key of the recipe can be set on the command line: `--grpo.steps 40 --seed 1`. `whet keys` lists them.

    Args:
        dry_run: print the resolved recipe and the plan of `whet plan`, and stop.
    """
    from whet.recipe import load_recipe

    config = load_recipe(recipe, overrides)
    prepare()
    if dry_run:
        dry(config)
        return
    words = ["train", recipe, *(f"--{key}={value}" for key, value in overrides)]
    start_others(words, config.compute, Path(config.run.folder))
    from whet.api import train as run

    with following() as (view, stop):
        result = run(recipe, overrides, view=view, stop=stop)
    show(result)
    show_beside_plan(config, result.path)


def resume(
    run: Annotated[str, Positional, arg(metavar="RUN", help="a run folder, or the name of one in runs/")],
    /,
    *,
    processes: Count = None,
    ray: Annotated[str | None, arg(metavar="ADDRESS")] = None,
) -> None:
    """Resume a run exactly where it stopped: killed, interrupted, or out of disk.

    It goes on from the newest valid checkpoint, with the same result as a run that was not interrupted.

    Args:
        processes: share the rest of the run among so many processes; the default is as many as before.
        ray: start them on this Ray cluster (auto or HOST:PORT), or here; the default is where they were started.
    """
    prepare()
    from whet.recipe import load_recipe
    from whet.runs import layout
    from whet.runs.address import find_run
    from whet.runs.reader import RunReader

    path = RunReader(find_run(run)).path
    recorded = load_recipe(path / layout.RECIPE).compute
    start_others(["resume", str(path)], shared_anew(recorded, processes, ray), path)
    from whet.api import resume as go_on

    with following() as (view, stop):
        result = go_on(path, view=view, stop=stop)
    show(result)


def check(recipe: Recipe, /, *, show: Count = None, json: Json = False, overrides: Overrides = ()) -> None:
    """Check whether there is a signal to learn from, and if not, why and how to fix it.

    Grades gold answers under the recipe's rewards, measures lengths, and samples a few completions. Any key of the
    recipe can be set on the command line.

    Args:
        show: first print this many prompts and SFT targets as the model gets them, special tokens and all.
    """
    from whet.recipe import load_recipe

    config = load_recipe(recipe, overrides)
    count = 0 if show is None else whole_number("show", show)
    if count < 0:
        raise UserError(f"--show: is {count}; it must be at least 0")
    prepare()
    from whet.api import check as run
    from whet.api import show_prompts
    from whet.cli.examples_page import examples_page
    from whet.cli.tables import check_table

    examples = show_prompts(config, count) if count > 0 else []
    if examples and not json:
        page = console()
        page.print(examples_page(examples, page.width), soft_wrap=True)
    with progress(json) as view:
        report = run(config, view=view)
    shown = {"examples": [one.as_dict() for one in examples]} if examples else {}
    tell(json, report.as_dict() | shown, check_table(report))


def evaluate(
    what: RunOrModel,
    /,
    *,
    data: NameOrFile = None,
    limit: Count = None,
    samples: Count = None,
    format: Name = None,
    save: File = None,
    ask: bool = False,
    json: Json = False,
    overrides: Overrides = (),
) -> None:
    """Measure a run or a model: accuracy with its interval, format, lengths; pass@k and maj@k with --samples.

    Any key of the recipe can be set on the command line.

    Args:
        data: a data set's name or a file; the default is the run's own held-out problems.
        limit: the number of problems; the default is the run's own, and 256 for a model.
        samples: completions sampled for each problem, besides the greedy one.
        format: the response format; the default is the run's own.
        save: write a record per problem to this JSONL file.
        ask: go through the problems in random order, one by one, and ask your own; shows reasoning and verdict.
    """
    prepare()
    from whet.cli.tables import evaluation_table
    from whet.stages.evaluate import evaluate_model, evaluation_config, refuse_unwritable, save_records

    refuse_unwritable(save)
    config = evaluation_config(what, data, limit, samples, format, overrides, console(stderr=True).print)
    if ask:
        ask_problems(what, config, save)
        return
    with progress(json) as view:
        evaluation = evaluate_model(config, view)
    if save:
        save_records(save, evaluation)
    tell(json, evaluation.summary(), evaluation_table(what, evaluation))


def compare(
    a: Annotated[str, Positional, arg(metavar="A", help="a run, RUN:stage, RUN:step-N or a file of records")],
    b: Annotated[str, Positional, arg(metavar="B", help="the other one")],
    /,
    *,
    intersect: bool = False,
    json: Json = False,
) -> None:
    """Compare two evaluations of the same problems: fixed, broken, exact McNemar, paired interval.

    Args:
        intersect: where the two have different problems, compare those that both have.
    """
    from whet.stages.compare import compare as run
    from whet.stages.compare import render

    prepare()
    with progress(json) as view:
        comparison = run(a, b, intersect=intersect, view=view)
    tell(json, comparison.as_dict(), render(comparison))


def score(
    file: Annotated[Path, Positional, arg(metavar="FILE.jsonl", help="completions, one JSON object per line")],
    /,
    *,
    rewards: Annotated[str, arg(metavar="A,B")] = "accuracy",
    format: Name = None,
    explain: bool = False,
    json: Annotated[bool, arg(help="print one JSON object with the means instead")] = False,
) -> None:
    """Compute rewards for completions you already have: one JSON line for each line of the file.

    Args:
        rewards: names or functions, separated by commas; with parameters as {name: A, params: {…}}.
        format: the response format that marks the answer; without one it is found leniently.
        explain: say of each line which answer accuracy found, by which rule, and why it is right or wrong.
    """
    from whet.stages.score import asked_for
    from whet.stages.score import score as run

    if explain:
        _explain(file, format, json)
        return
    scoring = run(file, asked_for(rewards), format)
    for row in scoring:
        if not json:
            print(encoded(row))
    if json:
        print(encoded(scoring.summary.as_dict()))
    print(*scoring.summary.lines(), sep="\n", file=sys.stderr)


def _explain(file: Path, format: str | None, json: bool) -> None:
    from whet.stages.explain import explain, header
    from whet.stages.score import layout_of

    explanations = explain(file, layout_of(format))
    if json:
        print(encoded({"rows": [one.as_dict() for one in explanations]}))
        return
    width = min(console().width, 100)
    print(header())
    for one in explanations:
        print(*one.lines(width), sep="\n")


def keys() -> None:
    """List every key of a recipe: its type, its default, and what it does."""
    from whet.cli.tables import keys_table
    from whet.recipe.keys import describe_keys

    console().print(keys_table(describe_keys()))


def recipes() -> None:
    """List the shipped recipes."""
    from whet.recipe import recipe_names

    print("\n".join(recipe_names()))


VERBS: dict[str, Command] = {
    "train": train,
    "resume": resume,
    "check": check,
    "plan": plan,
    "sweep": sweep,
    "eval": evaluate,
    "compare": compare,
    "score": score,
    "chat": chat,
    "ui": ui,
    "runs": runs,
    "show": show_run,
    "report": report,
    "serve": serve,
    "export": export,
    "doctor": doctor,
    "init": init,
    "push": push,
    "keys": keys,
    "recipes": recipes,
}

DESCRIPTION = "Sharpen a small language model at reasoning by reinforcement fine-tuning (GRPO)."


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits with its status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    tolerate_encodings()
    with exit_status(), one_of_several():
        if words == ["--version"]:
            from whet import __version__

            print(f"whet {__version__}")
        else:
            check_surroundings()
            parse(VERBS, words, DESCRIPTION)()
