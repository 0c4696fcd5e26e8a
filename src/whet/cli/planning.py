"""The commands that come before a training: `whet doctor`, `whet init`, `whet plan`, `whet train --dry-run`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from whet.cli.common import Json, Overrides
from whet.cli.terminal import console, prepare, progress, tell
from whet.errors import UserError
from whet.text import shell_quoted

if TYPE_CHECKING:
    from whet.config import Config
    from whet.plan.run_plan import RunPlan
    from whet.stages.show_examples import ShownExample

RecipeOrRun = Annotated[str, Positional, arg(metavar="RECIPE", help="a recipe, or a finished run")]


def doctor(*, json: Json = False) -> None:
    """Examine this machine: device, memory, speed, libraries, hub, sandbox, terminal; and how to fix what is wrong."""
    prepare()
    from whet.cli.findings_page import findings_page
    from whet.doctor import examine

    found = list(examine(console()))
    ok = not any(one.state == "fault" for one in found)
    tell(json, {"ok": ok, "findings": [one.as_dict() for one in found]}, findings_page(found))


def plan(
    recipe: RecipeOrRun,
    /,
    *,
    device: Annotated[str | None, arg(metavar="CARD")] = None,
    price_per_hour: Annotated[float | None, arg(metavar="PRICE")] = None,
    json: Json = False,
    overrides: Overrides = (),
) -> None:
    """Plan a run: memory by part, minutes by phase, tokens, disk, cost; from at most a minute of measurements here.

    Of a finished run it shows what was planned beside what it took. Any key of the recipe can be set on the command
    line.

    Args:
        device: a graphics card that is not here, such as h100: computed from its data, nothing is measured.
        price_per_hour: what the machine costs.
    """
    from whet.recipe import load_recipe

    if price_per_hour is not None and price_per_hour < 0:
        raise UserError(f"--price-per-hour: is {price_per_hour:g}; it must be at least 0")
    if run := _run_of(recipe):
        _compare(run, json)
        return
    config = load_recipe(recipe, overrides)
    prepare()
    from whet.cli.plan_page import plan_page

    made = _made(config, device)
    cost = {"cost": made.cost(price_per_hour)} if price_per_hour is not None else {}
    tell(json, made.as_dict() | cost, plan_page(made, price_per_hour))


def _run_of(recipe: str) -> Path | None:
    """The run that is meant; None where it is a recipe: a file, or a shipped one."""
    from whet.recipe import recipe_names
    from whet.runs.address import locate

    found = None if recipe in recipe_names() or Path(recipe).is_file() else locate(recipe)
    return found.path if found else None


def _made(config: "Config", device: str | None = None) -> "RunPlan":
    from whet.api import refuse_absent
    from whet.plan.make_plan import make_plan
    from whet.plan.saved_plan import keep_plan

    refuse_absent(config)
    with progress(as_json=True) as view:
        made = make_plan(config, view, device)
    if device is None:
        keep_plan(config, made)
    return made


def dry(config: "Config") -> None:
    """Prints a resolved recipe, then the plan of a run of it."""
    from whet.cli.plan_page import plan_page
    from whet.recipe import dump_recipe

    print(dump_recipe(config), end="", flush=True)
    page = plan_page(_made(config))
    console(stderr=True).print(page)


def show_beside_plan(config: "Config", run: Path) -> None:
    """Prints what was planned beside what a run took, where `whet plan` was asked for its recipe before."""
    from whet.cli.plan_page import comparison_page
    from whet.plan.saved_plan import beside_actual, kept_plan, place_plan

    planned = kept_plan(config)
    if planned is None:
        return
    place_plan(planned, run)
    if rows := beside_actual(planned, run):
        console().print("\nPlanned beside actual:")
        console().print(comparison_page(rows))


def _compare(run: Path, json: bool) -> None:
    from whet.cli.plan_page import comparison_page
    from whet.plan.saved_plan import beside_actual, plan_of_run

    planned = plan_of_run(run)
    rows = beside_actual(planned, run) if planned else []
    if not rows:
        fix = "ask `whet plan RECIPE` before `whet train RECIPE`"
        raise UserError(f"{run}: was not planned before it ran; {fix}")
    found = {"rows": [{"name": name, "planned": before, "actual": after} for name, before, after in rows]}
    tell(json, found, comparison_page(rows))


def init(
    data: Annotated[str | None, Positional, arg(metavar="DATA", help="a file, a hub name or a named source")] = None,
    /,
    *,
    model: Annotated[str | None, arg(metavar="NAME")] = None,
    to: Annotated[Path | None, arg(metavar="FILE")] = None,
    yes: bool = False,
) -> None:
    """Write a recipe: look at data and a model, ask a few questions, show three rows as the model will see them.

    Args:
        model: the model to train.
        to: the recipe's file; the default is named after the data.
        yes: take every default instead of asking.
    """
    prepare()
    from whet.cli.examples_page import examples_page
    from whet.init.interview import Interview, take_defaults

    page = console()

    def show(examples: "Sequence[ShownExample]") -> None:
        page.print(examples_page(examples, page.width), soft_wrap=True)

    interview = Interview(take_defaults if yes else _typed, page.print, show, patient=not yes)
    path = interview.new_recipe(data, model, to)
    word = shell_quoted(path)
    page.print(f"\nwrote {path}; next: whet check {word}, whet plan {word}, whet train {word}", soft_wrap=True)


def _typed(question: str, default: str) -> str:
    """Asks on the terminal; Enter takes the default, the end of the input too."""
    try:
        return input(f"{question}{f' [{default}]' if default else ''}: ").strip() or default
    except EOFError:
        return default
