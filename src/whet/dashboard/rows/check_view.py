"""What the check before training found: verdict, rows of its table, causes with their fixes, histograms."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.shares import Row
from whet.runs import layout
from whet.text import percent

TITLES = {"": "before training", "sft": "after the warm start"}

TABLE: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("right answers (pass@1)", ("probe", "pass_at_1"), "share"),
    ("solved at least once", ("probe", "pass_at_k"), "share"),
    ("right answer anywhere", ("probe", "lenient"), "share"),
    ("keeps the format", ("probe", "format_rate"), "share"),
    ("truncated", ("probe", "truncated"), "share"),
    ("response tokens", ("probe", "mean_length"), "number"),
    ("mean reward", ("probe", "mean_reward"), "number"),
    ("groups whose rewards differ", ("probe", "signal"), "share"),
    ("mixed groups expected", ("probe", "mixed"), "share"),
    ("prompt tokens, longest", ("lengths", "prompts", "longest"), "number"),
    ("solution tokens, 95 % up to", ("lengths", "solutions", "p95"), "number"),
)
"""Of older runs, whose reports hold no rows of their own: what to show, where it lies, and its kind."""


def check(run: OpenRun) -> Row:
    """The reports of a run's checks, oldest first; none while the first one goes on."""
    found = [(stage, path, report) for stage, path in _files(run) if (report := _report(path)) is not None]
    return {"checks": [_shown(stage, report) for stage, _, report in found]}


def _files(run: OpenRun) -> Iterator[tuple[str, Path]]:
    yield "", run.path / layout.CHECK
    for path in sorted(run.path.glob("check-*.json")):
        yield path.stem.removeprefix("check-"), path


def _report(path: Path) -> dict[str, Any] | None:
    try:
        report = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) else None


def _shown(stage: str, report: Mapping[str, Any]) -> Row:
    return {
        "stage": stage,
        "title": TITLES.get(stage, f"after {stage}"),
        "passes": report.get("passes"),
        "verdict": report.get("verdict"),
        "rows": report.get("rows") or list(_rows(report)),
        "causes": _causes(report.get("diagnosis")),
        "gold": report.get("gold"),
        "overlap": report.get("overlap"),
        "histograms": report.get("histograms") or [],
        "report": dict(report),
    }


def _rows(report: Mapping[str, Any]) -> Iterator[Row]:
    for what, path, kind in TABLE:
        value: Any = report
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, int | float):
            yield {"what": what, "figure": percent(value) if kind == "share" else f"{value:.3g}", "note": ""}


def _causes(diagnosis: Any) -> list[Row]:
    """Every cause with its fix; reports have a list of them, those of older runs one alone."""
    if not isinstance(diagnosis, Mapping):
        return []
    several = diagnosis.get("causes") or diagnosis.get("found") or [diagnosis]
    return [
        {"name": one.get("cause") or one.get("name"), "sentence": one.get("sentence"), "fix": one.get("fix")}
        for one in several
        if isinstance(one, Mapping) and one.get("sentence")
    ]
