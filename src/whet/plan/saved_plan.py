"""Plans kept by their recipe, so that a run's figures can be set beside what was planned."""

import json
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from whet.config import Config
from whet.files import write_bytes
from whet.models.cache import cache_folder
from whet.plan.run_plan import RunPlan
from whet.recipe import dump_recipe
from whet.runs import layout
from whet.runs.phase_record import read_phases
from whet.stages.pipeline import TITLES
from whet.stages.run_result import WARM

Row = tuple[str, float, float]
"""What, planned, actual: seconds, or bytes."""

WHOLE, MEMORY = "whole run", "memory"

UNPLANNED = ("Warm start", TITLES[WARM])
"""Phases that a run may have though its plan has none."""


def _place(config: Config) -> Path:
    named = config.model_copy(update={"run": config.run.model_copy(update={"name": None})})
    return cache_folder() / "plans" / f"{sha256(dump_recipe(named).encode()).hexdigest()[:24]}.json"


def keep_plan(config: Config, plan: RunPlan) -> None:
    """Keeps the plan of a recipe; the newest counts. A cache that cannot be written keeps none."""
    path = _place(config)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, json.dumps(plan.as_dict()).encode())


def kept_plan(config: Config) -> dict[str, Any] | None:
    """Returns the newest plan of a recipe; None where there is none."""
    return _object(_place(config))


def place_plan(planned: dict[str, Any], run: Path) -> None:
    """Writes the plan of a run into its folder; a folder that cannot be written gets none."""
    with suppress(OSError):
        write_bytes(run / layout.PLAN, json.dumps(planned).encode())


def plan_of_run(run: Path) -> dict[str, Any] | None:
    """Returns the plan in a run's folder; None where there is none."""
    return _object(run / layout.PLAN)


def beside_actual(planned: dict[str, Any], run: Path) -> list[Row]:
    """Returns a row per phase, the whole, and the memory, of a finished run; empty where it recorded no times."""
    actual = read_phases(run)
    if actual is None:
        return []
    seconds = by_planned_phase(actual["phases"], list(planned["phases"]))
    rows = [(name, float(planned["phases"].get(name, 0.0)), spent) for name, spent in seconds.items()]
    rows.append((WHOLE, float(planned["seconds"]), sum(seconds.values())))
    if actual.get("peak_bytes"):
        rows.append((MEMORY, float(planned["memory_peak"]), float(actual["peak_bytes"])))
    return rows


def by_planned_phase(actual: Sequence[tuple[str, float]], planned: Sequence[str]) -> dict[str, float]:
    """Returns seconds by phase: one that the plan has no place for counts with the one before it.

    So the second check counts with the evaluation of the warm start, and evaluations between steps with GRPO. A warm
    start that was not planned has a row of its own.

    >>> by_planned_phase([("Check", 2.0), ("GRPO", 3.0), ("Check", 1.0)], ["Check", "GRPO"])
    {'Check': 2.0, 'GRPO': 4.0}
    """
    order = [*planned, *(name for name, _ in actual if name in UNPLANNED and name not in planned)]
    found = dict.fromkeys(dict.fromkeys(order), 0.0)
    current = order[0]
    for name, seconds in actual:
        if name in found and (order.index(name) > order.index(current) or not found[name]):
            current = name
        found[current] += seconds
    return found


def _object(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
