"""The strip of steps: what each step was like, in at most as many cells as asked for."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.downsample import MOST, parts
from whet.dashboard.rows.findings import found_in
from whet.dashboard.rows.shares import Row, mean, numbers
from whet.runs.figure_columns import PhaseColumns

FIGURES = {
    "reward": "reward",
    "flat": "frac_reward_zero_std",
    "truncated": "completions/clipped_ratio",
    "length": "completions/mean_length",
}


def strip(run: OpenRun, cells: int = MOST, first: int | None = None, last: int | None = None) -> Row:
    """The steps of a run between two steps: mean reward, share of groups with a signal, truncated, length, findings.

    `cells` holds columns of equal length. Where there are more steps than cells, neighbours share one.
    """
    columns = run.metrics.phase("grpo")
    steps = columns.steps[:]
    start = 0 if first is None else bisect_left(steps, first)
    end = len(steps) if last is None else bisect_right(steps, last)
    found = found_in(run, first, last)
    rewards = numbers(columns.values.get("reward", ())[: len(steps)])
    return {
        "first": steps[start] if start < end else None,
        "last": steps[end - 1] if start < end else None,
        "count": max(0, end - start),
        "newest": steps[-1] if steps else None,
        "cells": _cells(columns, steps, start, end, cells, [one["step"] for one in found]),
        "findings": found,
        "reward_range": [min(rewards), max(rewards)] if rewards else None,
    }


def _cells(columns: PhaseColumns, steps: Sequence[int], start: int, end: int, most: int, found: Sequence[int]) -> Row:
    places = [(start + a, start + b) for a, b in parts(max(0, end - start), most)]
    means = {name: _means(columns, key, places) for name, key in FIGURES.items()}
    return {
        "first": [steps[a] for a, _ in places],
        "last": [steps[b - 1] for _, b in places],
        "reward": means["reward"],
        "signal": [None if value is None else 1 - value for value in means["flat"]],
        "truncated": means["truncated"],
        "length": means["length"],
        "findings": [sum(steps[a] <= step <= steps[b - 1] for step in found) for a, b in places],
    }


def _means(columns: PhaseColumns, name: str, places: Sequence[tuple[int, int]]) -> list[float | None]:
    values = columns.values.get(name)
    if values is None:
        return [None] * len(places)
    return [mean(numbers(values[a:b])) for a, b in places]
