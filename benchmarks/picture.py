"""Results as pictures: bars with their spread, and accuracy and reward over time."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.table import Bar, Table
from whet.errors import UserError

COLOURS = ("#0f766e", "#9ca3af", "#6b7280", "#d97706")
"""Whet first."""


def bars(table: Table, path: Path) -> None:
    """Shorter is better; the thin line is the spread of the measurements."""
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(7, 0.55 * len(table.bars) + 1.1))
    names = [bar.name for bar in table.bars]
    values = [bar.value for bar in table.bars]
    axes.barh(names, values, xerr=_errors(table.bars), color=COLOURS[: len(names)], height=0.6, ecolor="#111827")
    for row, bar in enumerate(table.bars):
        axes.text(bar.high, row, f"  {bar.value:.1f}", va="center", fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(bar.high for bar in table.bars))
    axes.set_xlabel(table.unit)
    axes.set_title(table.title, fontsize=9, loc="left")
    _save(plt, figure, path)


def curves(table: Table, path: Path) -> None:
    """Left, held-out accuracy over seconds of training; right, mean reward by step: the learning must be the same."""
    plt = _pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    contenders = table.data["contenders"]
    for colour, (name, results) in zip(COLOURS[: len(contenders)], contenders.items(), strict=True):
        for result in results:
            left.plot(*_accuracy_over_time(result), color=colour, marker="o", markersize=3)
            right.plot(range(1, len(result["rewards"]) + 1), result["rewards"], color=colour)
        left.plot([], [], color=colour, label=name)
    left.axhline(table.data["target"], color="#d1d5db", linewidth=0.8)
    left.set(xlabel="seconds of training", ylabel="held-out accuracy")
    right.set(xlabel="step", ylabel="mean reward")
    left.legend(frameon=False, fontsize=9)
    _save(plt, figure, path)


def _accuracy_over_time(result: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    clock = [0.0, *accumulate(result["seconds"])]
    exams = sorted((int(step), accuracy) for step, accuracy in result["exams"].items())
    return [clock[step] for step, _ in exams], [accuracy for _, accuracy in exams]


def _errors(some: Sequence[Bar]) -> list[list[float]]:
    return [[bar.value - bar.low for bar in some], [bar.high - bar.value for bar in some]]


def _pyplot() -> Any:
    """matplotlib, drawing into files, the same bytes for the same figures."""
    try:
        import matplotlib
    except ImportError:
        raise UserError("bench: pictures need matplotlib; pip install 'whet[bench]'") from None
    matplotlib.use("svg")
    matplotlib.rcParams.update(
        {"svg.hashsalt": "whet", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    )
    from matplotlib import pyplot

    return pyplot


def _save(plt: Any, figure: Any, path: Path) -> None:
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
