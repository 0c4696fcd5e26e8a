"""Table 4: how the cost of a step grows with group size, response length, prompt length and parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from math import log
from typing import Any

from benchmarks.rounds import Contender, Log, Spread
from benchmarks.table import Table
from benchmarks.work import Work

BASE = Work(prompts=1, group=8, prompt_tokens=100, tokens=32)

AXES: Mapping[str, Sequence[Work]] = {
    "G": [replace(BASE, group=size) for size in (4, 8, 16, 32)],
    "C": [replace(BASE, tokens=size) for size in (16, 32, 64, 128)],
    "P": [replace(BASE, prompt_tokens=size) for size in (50, 100, 200, 400)],
    "P, shared by 2": [replace(BASE, prompts=4, group=2, prompt_tokens=size) for size in (50, 100, 200, 400)],
}
"""The last one has the same rows as four prompts of two responses each: what sharing a prompt by eight saves."""

SIZES: Mapping[str, str] = {"G": "group", "C": "tokens", "P": "prompt_tokens", "P, shared by 2": "prompt_tokens"}


def slopes(whet: Contender, model: str, steps: int, log_line: Log) -> Table:
    """Each axis by itself, all else as in `BASE`; slopes of a straight line through the logarithms."""
    measured: dict[str, list[dict[str, Any]]] = {}
    rows = []
    for axis, works in AXES.items():
        log_line(f"slopes: {axis}")
        results = [whet.run({"model": model, "work": asdict(work), "steps": steps}) for work in works]
        seconds = [Spread.of([step["step"] for step in one["steps"]]).median for one in results]
        sizes = [float(getattr(work, SIZES[axis])) for work in works]
        measured[axis] = [{"work": asdict(w), "steps": r["steps"]} for w, r in zip(works, results, strict=True)]
        cells = [f"{size:.0f}: {spent:.2f} s" for size, spent in zip(sizes, seconds, strict=True)]
        rows.append([axis, *cells, f"**{slope(sizes, seconds):.2f}**"])
    return Table(
        name="slopes",
        title=f"How cost grows, one axis at a time from Q {BASE.prompts}, G {BASE.group}, P {BASE.prompt_tokens}, "
        f"C {BASE.tokens}: whole steps of Whet",
        columns=["", "", "", "", "", "log-log slope"],
        rows=rows,
        data={"base": asdict(BASE), "axes": measured},
    )


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The least-squares slope of log seconds over log size.

    >>> round(slope([1, 2, 4], [3, 12, 48]), 6)
    2.0
    """
    x, y = [log(size) for size in sizes], [log(spent) for spent in seconds]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    along = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return along / sum((a - middle_x) ** 2 for a in x)
