"""The command line: one function per verb.

Exit status: 0 done · 2 the user's input is wrong · 75 interrupted, resumable · 1 failed.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro
from tyro.conf import Positional, arg

from whet.errors import UserError

Recipe = Annotated[str, Positional, arg(metavar="RECIPE", help="a recipe's path, or the name of a shipped one")]
Json = Annotated[bool, arg(help="print one JSON object on standard output, and nothing else there")]


def train(recipe: Recipe, /, *, dry_run: bool = False) -> None:
    """Take a model the whole way: check, warm start, GRPO, evaluate.

    Any knob of the recipe can be set on the command line: `--grpo.steps 40 --seed 1`. `whet keys` lists them.

    Args:
        dry_run: print the resolved recipe and stop.
    """
    from whet.recipe import dump_recipe, load_recipe

    config = load_recipe(recipe, _overrides)
    if dry_run:
        print(dump_recipe(config), end="")
        return
    _prepare()
    from whet.api import train as run
    from whet.runs.view import make_view
    from whet.summary import run_summary

    with make_view() as view:
        outcome = run(config, view, stem=Path(recipe).stem)
    _console().print(run_summary(outcome))


def check(recipe: Recipe, /, *, json: Json = False) -> None:
    """Is there something to learn from, and if not, why and what to do?

    Grades gold answers under the recipe's rewards, measures lengths, and samples a few responses.
    """
    from whet.recipe import load_recipe

    config = load_recipe(recipe, _overrides)
    _prepare()
    from whet.api import check as run
    from whet.summary import check_table

    with _view(json) as view:
        report = run(config, view)
    _say(json, report.as_dict(), check_table(report))


def evaluate(
    what: Annotated[str, Positional, arg(metavar="RUN_OR_MODEL", help="a run folder or a model")],
    /,
    *,
    data: str | None = None,
    limit: int | None = None,
    samples: int | None = None,
    format: str | None = None,
    save: Path | None = None,
    json: Json = False,
) -> None:
    """Measure a run or a model: accuracy with its interval, format, lengths; pass@k and maj@k with --samples.

    Args:
        data: a data set's name or a file; the default is the run's own held-out problems.
        limit: how many problems to ask.
        samples: responses sampled for each problem, besides the greedy one.
        format: how responses are laid out; the default is the run's own format.
        save: write a record per problem to this JSONL file.
    """
    from whet.evaluation import evaluation_config

    config = evaluation_config(what, data, limit, samples, format, _overrides)
    _prepare()
    from whet.evaluation import evaluate_model
    from whet.runs import jsonl
    from whet.summary import evaluation_table

    with _view(json) as view:
        evaluation = evaluate_model(config, view)
    if save:
        jsonl.write(save, [record.as_dict() for record in evaluation.records])
    _say(json, evaluation.summary(), evaluation_table(what, evaluation))


def compare(
    a: Annotated[str, Positional, arg(metavar="A", help="a run, RUN:stage or a file of records")],
    b: Annotated[str, Positional, arg(metavar="B", help="the other one")],
    /,
    *,
    intersect: bool = False,
    json: Json = False,
) -> None:
    """Set two evaluations of the same problems side by side: fixed, broken, exact McNemar, paired interval.

    Args:
        intersect: where the two asked different problems, compare those that both asked.
    """
    from whet.compare import compare as run
    from whet.compare import render

    comparison = run(a, b, intersect=intersect)
    _say(json, comparison.as_dict(), render(comparison))


def score(
    file: Annotated[Path, Positional, arg(metavar="FILE.jsonl", help="completions, one JSON object per line")],
    /,
    *,
    rewards: str = "accuracy",
    format: str | None = None,
) -> None:
    """Rewards on completions you already have: scores out, one JSON line for each line in.

    Args:
        rewards: reward names or functions, separated by commas.
        format: where the answer stands; without one it is found leniently.
    """
    from whet.score import score as run

    for row in run(file, rewards.split(","), format):
        print(json.dumps(row))


def chat(
    what: Annotated[str, Positional, arg(metavar="RUN_OR_MODEL", help="a run folder or a model")],
    /,
    *,
    base: bool = False,
    prompt: str | None = None,
    save: Path | None = None,
) -> None:
    """Talk to a run or a model; reasoning and answer are shown apart.

    Args:
        base: put the untrained model's answer beside it.
        prompt: ask this one question and stop.
        save: append question, reasoning and answer to this JSONL file.
    """
    _prepare()
    from whet.chat import converse, open_chat

    converse(open_chat(what, base), _console(), save, prompt)


def keys() -> None:
    """List every knob of a recipe: its type, its default, and what it does."""
    from whet.recipe.keys import describe_keys
    from whet.summary import keys_table

    _console().print(keys_table(describe_keys()))


def recipes() -> None:
    """List the shipped recipes."""
    from whet.recipe import recipe_names

    print("\n".join(recipe_names()))


VERBS: dict[str, Callable[..., None]] = {
    "train": train,
    "check": check,
    "eval": evaluate,
    "compare": compare,
    "score": score,
    "chat": chat,
    "keys": keys,
    "recipes": recipes,
}

TAKE_OVERRIDES = frozenset({"train", "check", "eval"})
OWN_OPTIONS = {"eval": frozenset({"data", "format"})}
_overrides: list[tuple[str, str]] = []
"""`--section.key VALUE` pairs of this command, in order."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits with its status."""
    sys.exit(_status(list(sys.argv[1:] if arguments is None else arguments)))


def _status(arguments: list[str]) -> int:
    try:
        rest = _take_overrides(arguments)
        tyro.extras.subcommand_cli_from_dict(VERBS, args=rest, prog="whet", description=DESCRIPTION)
    except UserError as error:
        print(f"whet: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("whet: interrupted", file=sys.stderr)
        return 75
    return 0


DESCRIPTION = "Sharpen a small language model at reasoning by reinforcement fine-tuning (GRPO)."


def _take_overrides(arguments: list[str]) -> list[str]:
    """Moves `--section.key VALUE` and `--section.key=VALUE` from the arguments to the overrides; returns the rest."""
    _overrides.clear()
    if not arguments or arguments[0] not in TAKE_OVERRIDES:
        return arguments
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        name, equals, value = word.removeprefix("--").partition("=")
        if word.startswith("--") and _is_knob(arguments[0], name):
            _overrides.append((name, value if equals else _value_of(name, words)))
        else:
            rest.append(word)
    return rest


def _is_knob(verb: str, name: str) -> bool:
    """A dotted key, or one of the recipe's top-level keys that is no option of the verb itself."""
    from whet.config import Config

    return "." in name or (name in Config.model_fields and name not in OWN_OPTIONS.get(verb, ()))


def _value_of(name: str, words: Any) -> str:
    value = next(words, None)
    if value is None:
        raise UserError(f"--{name}: needs a value")
    return str(value)


def _prepare() -> None:
    """Quiets the libraries under us: what they have to say is said in our own words, or not at all."""
    import os

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def _console(stderr: bool = False) -> Any:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def _view(as_json: bool) -> Any:
    """Progress on the terminal; on standard error where standard output is for JSON."""
    from whet.runs.view import make_view

    return make_view(_console(stderr=as_json))


def _say(as_json: bool, found: dict[str, Any], picture: Any) -> None:
    if as_json:
        print(json.dumps(found))
    else:
        _console().print(picture)
