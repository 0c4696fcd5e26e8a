"""What a run costs and what of it taught nothing: seconds by phase, efficiency, groups without signal, truncated."""

import math
from collections.abc import Sequence
from statistics import median

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.downsample import parts
from whet.dashboard.rows.shares import Row, mean, numbers
from whet.runs.figure_columns import PhaseColumns

PHASES = ("rollout", "grade", "reference")
"""Phases of a step that are timed; the learner has the rest."""

CELLS = 300


def waste(run: OpenRun, cells: int = CELLS, first: int | None = None, last: int | None = None) -> Row:
    """The cost of a run: in total, over the steps in at most `cells` cells, and of the newest step by phase."""
    metrics, timings = run.metrics.phase("grpo"), run.timings.phase("grpo")
    return {
        "total": cost(run),
        "cells": _cells(metrics, timings, cells, first, last),
        "step": _newest(timings),
    }


def cost(run: OpenRun) -> Row:
    """What the GRPO steps of a run cost in total. Tokens and groups are sums over the steps' figures."""
    metrics, timings = run.metrics.phase("grpo"), run.timings.phase("grpo")
    times = _column(timings, "step_time")
    seconds = {phase: sum(numbers(_column(timings, f"seconds/{phase}"))) for phase in PHASES}
    spent = sum(numbers(times))
    tokens = _column(metrics, "completions/tokens")
    cut = _column(metrics, "completions/clipped_ratio")
    groups = _groups(run, metrics)
    flat = _column(metrics, "frac_reward_zero_std")
    kept = sum(numbers(groups))
    return {
        "steps": len(metrics.steps),
        "seconds": {**seconds, "learn": max(0.0, spent - sum(seconds.values())), "other": _other(run, spent)},
        "whole": _whole(run, spent),
        "efficiency": _median(_column(timings, "efficiency")),
        "efficiency_of": {name: _median(_column(timings, f"efficiency/{name}")) for name in ("rollout", "learn")},
        "tokens": sum(numbers(tokens)),
        "tokens_truncated": _weighted(_column(metrics, "completions/max_length"), cut, _rollouts(run, groups)),
        "groups": kept,
        "groups_no_signal": _product(flat, groups),
        "groups_discarded": _discarded(metrics),
        "replayed": sum(numbers(_column(metrics, "replay/rollouts"))),
        "per_second": _median(_column(timings, "tokens_per_second")),
    }


def _column(columns: PhaseColumns, name: str) -> list[float]:
    """The values of a metric, one a step; NaN where it has none."""
    values = columns.values.get(name)
    return [math.nan] * len(columns.steps) if values is None else list(values)


def _median(values: Sequence[float]) -> float | None:
    found = numbers(values)
    return median(found) if found else None


def _number(run: OpenRun, key: str) -> int:
    """A whole number of the recipe's section `grpo`; 0 where it has none."""
    section = run.tree.get("grpo")
    value = section.get(key) if isinstance(section, dict) else None
    return value if isinstance(value, int) else 0


def _groups(run: OpenRun, metrics: PhaseColumns) -> list[float]:
    """Groups that each step learned from, or might have: `grpo.prompts_per_step`."""
    return [float(_number(run, "prompts_per_step"))] * len(metrics.steps)


def _rollouts(run: OpenRun, groups: Sequence[float]) -> list[float]:
    size = _number(run, "group_size")
    return [count * size for count in groups]


def _product(*columns: Sequence[float]) -> float:
    return sum(numbers(math.prod(values) for values in zip(*columns, strict=True)))


def _weighted(lengths: Sequence[float], shares: Sequence[float], counts: Sequence[float]) -> float:
    """Tokens of truncated responses: each has as many as the step's longest."""
    return _product(lengths, shares, counts)


def _discarded(metrics: PhaseColumns) -> float:
    """Groups that were sampled and not learned from, with dynamic sampling."""
    return _product(_column(metrics, "dynamic/groups"), _column(metrics, "dynamic/waste_ratio"))


def _other(run: OpenRun, spent: float) -> float | None:
    """Seconds outside of GRPO steps: check, warm start, evaluations, saving; None where the log has no two times."""
    whole = run.logged_seconds()
    return None if whole is None else max(0.0, whole - spent)


def _whole(run: OpenRun, spent: float) -> float:
    return max(spent, run.logged_seconds() or 0.0)


def _cells(metrics: PhaseColumns, timings: PhaseColumns, most: int, first: int | None, last: int | None) -> Row:
    steps = timings.steps[:]
    inside = [
        at for at, step in enumerate(steps) if (first is None or step >= first) and (last is None or step <= last)
    ]
    start, count = (inside[0] if inside else 0), len(inside)
    places = [(start + a, start + b) for a, b in parts(count, most)]
    whole = _means(timings, "step_time", places)
    phases = {phase: _means(timings, f"seconds/{phase}", places) for phase in PHASES}
    learn = [
        None if spent is None else max(0.0, spent - sum(phases[phase][at] or 0.0 for phase in PHASES))
        for at, spent in enumerate(whole)
    ]
    return {
        "first": [steps[a] for a, _ in places],
        "last": [steps[b - 1] for _, b in places],
        **phases,
        "learn": learn,
        "efficiency": _means(timings, "efficiency", places),
        "no_signal": _means(metrics, "frac_reward_zero_std", places),
        "truncated": _means(metrics, "completions/clipped_ratio", places),
    }


def _means(columns: PhaseColumns, name: str, places: Sequence[tuple[int, int]]) -> list[float | None]:
    values = columns.values.get(name, ())
    return [mean(numbers(values[a:b])) for a, b in places]


def _newest(timings: PhaseColumns) -> Row | None:
    """The newest step by phase; `least` is what the machine needs for it at best, η · seconds."""
    if not timings.steps:
        return None
    row = len(timings.steps) - 1
    line = timings.figures(row)
    seconds = {phase: line.get(f"seconds/{phase}", 0.0) for phase in PHASES}
    seconds["learn"] = max(0.0, line.get("step_time", 0.0) - sum(seconds.values()))
    parts_of = [
        {"phase": phase, "seconds": spent, "least": _least(line.get(f"efficiency/{phase}"), spent)}
        for phase, spent in seconds.items()
    ]
    return {"step": timings.steps[row], "parts": parts_of}


def _least(efficiency: float | None, seconds: float) -> float | None:
    return None if efficiency is None else efficiency * seconds
