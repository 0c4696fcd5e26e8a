"""`whet sweep`: a search over recipes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from whet.cli.arguments import whole_number
from whet.cli.common import Count, Json, Overrides, Recipe
from whet.cli.terminal import own_name, prepare, progress, tell
from whet.errors import UserError
from whet.text import shell_quoted

if TYPE_CHECKING:
    from whet.sweep.result import SweepResult
    from whet.sweep.trial_folder import Trial
    from whet.sweep.trial_places import Cluster

TRIALS = 20
"""Trials of a sweep, unless it says otherwise."""


def sweep(
    recipe: Recipe,
    /,
    *,
    space: Annotated[Path, arg(metavar="FILE", help="YAML: the keys that are varied, each with its values")],
    trials: Count = None,
    parallel: Count = None,
    ray: Annotated[str | None, arg(metavar="ADDRESS", help="run trials on this Ray cluster: auto or HOST:PORT")] = None,
    cpus: Count = None,
    gpus: Count = None,
    into: Annotated[Path | None, arg(metavar="FOLDER", help="the folder of the trials' runs")] = None,
    json: Json = False,
    overrides: Overrides = (),
) -> None:
    """Search over recipes: train with other values of some keys, and keep those that answer best.

    Each trial is a run. Trials that do worse than most on the way are stopped, where eval.every is set. The best one is
    measured again on fresh problems. Killed, it goes on by the same command. Any key of the recipe can be set.

    Args:
        trials: how many in all; the default is 20. The first one is the recipe as it is, where the space holds it.
        parallel: how many at a time; the default is 1. They share the machine's cores, and several GPUs.
        cpus: of each trial on a cluster; the default is 1.
        gpus: of each trial on a cluster; the default is 1 where it has any.
    """
    from whet.recipe import load_recipe
    from whet.runs.naming import stem_of
    from whet.sweep.space import read_space

    config = load_recipe(recipe, overrides)
    varied = read_space(space, config)
    count, at_once = _at_least_one("trials", trials, TRIALS), _at_least_one("parallel", parallel, 1)
    cluster = _cluster(ray, cpus, gpus)
    if cluster and config.compute.ray:
        fix = "leave one of them out"
        raise UserError(f"--ray: places each trial on a cluster, and compute.ray the processes of each; {fix}")
    prepare()
    from whet.sweep.sweeping import sweep as run

    folder = into or Path(config.run.folder) / f"{stem_of(Path(recipe).name)}-sweep"
    with progress(json) as view:
        result = run(config, varied, folder, count, view, at_once, cluster)
    tell(json, result.as_dict(), sweep_page(result))


def _at_least_one(name: str, given: str | None, default: int) -> int:
    count = default if given is None else whole_number(name, given)
    if count < 1:
        raise UserError(f"--{name}: is {count}; it must be at least 1")
    return count


def _cluster(address: str | None, cpus: str | None, gpus: str | None) -> "Cluster | None":
    """The cluster that is asked for. Raises `UserError` for an address that is none, and where Ray is not installed."""
    from importlib.util import find_spec

    from whet.config.engines import names_cluster, without_password
    from whet.sweep.trial_places import Cluster

    if address is None:
        for name, given in (("cpus", cpus), ("gpus", gpus)):
            if given is not None:
                raise UserError(f"--{name}: is for trials on a cluster; name one with --ray, or leave it away")
        return None
    if not names_cluster(address, "auto"):
        raise UserError(f"--ray: is {without_password(address)!r}; use auto, or HOST:PORT of a cluster's head")
    if find_spec("ray") is None:
        raise UserError("--ray: needs Ray; install it by `pip install 'whet[ray]'`")
    count = None if gpus is None else whole_number("gpus", gpus)
    if count is not None and count < 0:
        raise UserError(f"--gpus: is {count}; it must be at least 0")
    return Cluster(address, _at_least_one("cpus", cpus, 1), count)


def sweep_page(result: "SweepResult") -> Any:
    """Returns the trials as a table, and the result in words."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    keys = list(dict.fromkeys(key for trial in result.trials for key in trial.values))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("trial", "accuracy", "95 % interval", *(key.rpartition(".")[2] for key in keys)):
        table.add_column(name, justify="left" if name == "trial" else "right")
    for trial in result.trials:
        style = "bold" if trial is result.winner else ""
        table.add_row(trial.path.name, *_figures(trial), *(_value(trial.values.get(key)) for key in keys), style=style)
    runs = f"the runs: {own_name()} ui {shell_quoted(result.folder)}"
    return Group(table, Text(), Text(result.sentence()), Text(runs, style="dim"))


def _figures(trial: "Trial") -> tuple[str, str]:
    if trial.accuracy is None or trial.interval is None:
        return trial.state, trial.why if trial.state == "pruned" else ""
    low, high = trial.interval
    return f"{100 * trial.accuracy:.1f} %", f"{100 * low:.1f} – {100 * high:.1f}"


def _value(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "" if value is None else str(value)
