"""One step: its groups as cards with the beginning of each completion, read straight from the step's file."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.findings import found_in
from whet.dashboard.rows.missing import MissingError
from whet.dashboard.rows.samples import group_head, sample
from whet.dashboard.rows.shares import Row
from whet.runs.figure_columns import PhaseColumns
from whet.runs.index.step_file import sizes

CHARS = 400
"""Characters of each completion."""


def step_view(run: OpenRun, step: int | None = None, chars: int = CHARS) -> Row:
    """All groups of `step`; of the newest step without one.

    Raises `UserError` where no rollouts of it are on disk; it names the nearest step that has some.
    """
    number = newest_step(run) if step is None else step
    records = records_of(run, number)
    groups: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        groups[record["group"]].append(record)
    previous, following = _neighbours(run, number)
    return {
        "step": number,
        "previous": previous,
        "next": following,
        "metrics": _line(run.metrics.phase("grpo"), number),
        "timings": _line(run.timings.phase("grpo"), number),
        "findings": found_in(run, number, number),
        "groups": [_group(run, group, chars) for group in groups.values()],
    }


def records_of(run: OpenRun, step: int) -> list[dict[str, Any]]:
    """The rollouts of a step. Raises `UserError` where none are on disk."""
    lines = run.step_lines(step)
    if not lines:
        raise _missing(run, step)
    return [line.record for line in lines]


def newest_step(run: OpenRun) -> int:
    """The newest step with rollouts on disk. Raises `UserError` where there is none."""
    known = sizes(run.path)
    if not known:
        raise MissingError("step: this run has no rollouts yet")
    return max(known)


def _missing(run: OpenRun, step: int) -> MissingError:
    known = sizes(run.path)
    nearest = min(known, key=lambda one: abs(one - step)) if known else None
    hint = f"; the nearest is {nearest}" if known else ""
    return MissingError(f"step: no rollouts of step {step} are on disk{hint}", nearest=nearest)


def _group(run: OpenRun, records: Sequence[dict[str, Any]], chars: int) -> Row:
    cards = [sample(run, record, chars) for record in records]
    return {**group_head(records, cards), "samples": cards}


def _neighbours(run: OpenRun, step: int) -> tuple[int | None, int | None]:
    """The steps before and after that have figures."""
    steps = run.metrics.phase("grpo").steps[:]
    at = bisect_left(steps, step)
    after = at + 1 if at < len(steps) and steps[at] == step else at
    return (steps[at - 1] if at else None), (steps[after] if after < len(steps) else None)


def _line(columns: PhaseColumns, step: int) -> Row:
    """The figures of a step by name; empty where it has none."""
    steps = columns.steps[:]
    at = bisect_left(steps, step)
    return columns.figures(at) if at < len(steps) and steps[at] == step else {}
