"""The held-out measurements of a run, in the order in which they were made."""

from collections.abc import Mapping
from typing import Any

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.shares import Row, share
from whet.runs import layout

TITLES = {"base": "before", "sft": "after the warm start", "final": "after"}


def stages(run: OpenRun) -> list[Row]:
    """A row per finished evaluation, in the order of training."""
    made = run.evaluations()
    done = len(run.metrics.phase("grpo").steps)
    return sorted((_stage(name, summary, done) for name, summary in made.items()), key=_order)


def step_of(stage: str, done: int) -> int | None:
    """How many GRPO steps were done before a stage was measured; `done` is the number of all of them.

    >>> step_of("base", 40), step_of("step-000020", 40), step_of("final", 40), step_of("mine", 40)
    (0, 20, 40, None)
    """
    if stage in ("base", "sft"):
        return 0
    if stage == "final":
        return done
    try:
        return layout.step_of_rollouts(stage) if stage.startswith("step-") else None
    except ValueError:
        return None


def accuracy(summary: Mapping[str, Any], key: str = "accuracy") -> Row | None:
    """A share of an evaluation's summary, with its interval."""
    n, value = summary.get("problems"), summary.get(key)
    if not isinstance(n, int) or not isinstance(value, int | float):
        return None
    return share(min(n, max(0, round(value * n))), n)


def _stage(name: str, summary: Mapping[str, Any], done: int) -> Row:
    step = step_of(name, done)
    plain = ("format_rate", "truncated_rate", "mean_length", "p95_length")
    return {
        "stage": name,
        "title": TITLES.get(name) or (f"after {step} steps" if step is not None else name),
        "step": step,
        "accuracy": accuracy(summary),
        "lenient": accuracy(summary, "lenient_accuracy"),
        **{key: summary.get(key) for key in plain},
        "sampled": {key: value for key, value in summary.items() if "@" in key},
    }


def _order(stage: Row) -> tuple[float, int]:
    """By step; at the same step base, warm start, steps, final."""
    place = {"base": 0, "sft": 1, "final": 3}.get(stage["stage"], 2)
    step = stage["step"]
    return (float("inf") if step is None else step), place
