"""The findings of a run's health monitor, each with its fix, the curves it belongs on and the rollouts that show it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.shares import Row
from whet.diagnose.detectors import DETECTORS, HELD_OUT_DETECTORS
from whet.runs import layout

SHOWN_BY: dict[str, dict[str, Any]] = {
    "truncated": {"finish": "length"},
    "no_signal": {"signal": 0},
    "entropy_collapse": {"sort": "-logprob"},
    "kl_runaway": {"sort": "logprob"},
    "length_growth": {"sort": "-length"},
    "gradient_spike": {"signal": 1, "sort": "-advantage"},
    "sampler_drift": {"sort": "logprob"},
    "reward_hacking": {"correct": 0, "sort": "-reward"},
    "format_only": {"correct": 0, "sort": "-reward"},
    "layout_gains": {"correct": 0, "sort": "-reward"},
    "verifier_disagreement": {"correct": 0, "sort": "-reward"},
}
"""By detector, the parameters of `filtered.rollouts` that find rollouts which show the fault."""

BETWEEN_EVALUATIONS = 10
"""Steps before a held-out finding in which rollouts that show it are looked for."""


def findings(run: OpenRun) -> Row:
    """All findings of a run, oldest first."""
    return {"findings": found_in(run)}


def found_in(run: OpenRun, first: int | None = None, last: int | None = None) -> list[Row]:
    """The findings of the steps from `first` to `last`, both included; of all steps without them."""
    return shown(
        line
        for line in _lines(run)
        if (first is None or line["step"] >= first) and (last is None or line["step"] <= last)
    )


def shown(lines: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Lines of health.jsonl as findings."""
    return [_shown(line) for line in lines]


def _lines(run: OpenRun) -> list[dict[str, Any]]:
    """The finished lines of health.jsonl; damaged ones are left out."""
    try:
        content = (run.path / layout.HEALTH).read_bytes()
    except OSError:
        return []
    return list(finding_lines(content[: content.rfind(b"\n") + 1]))


def finding_lines(content: bytes) -> Iterable[dict[str, Any]]:
    """The findings in finished lines of health.jsonl."""
    for line in content.split(b"\n"):
        try:
            record = json.loads(line) if line.strip() else None
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("step"), int):
            yield record


def _shown(line: Mapping[str, Any]) -> Row:
    name, step = str(line.get("detector")), line["step"]
    detector = next((one for one in DETECTORS if one.name == name), None)
    held_out = any(one.name == name for one in HELD_OUT_DETECTORS)
    window = BETWEEN_EVALUATIONS if held_out or detector is None else detector.steps
    return {
        "id": f"{name}-{step}",
        "step": step,
        "detector": name,
        "title": name.replace("_", " "),
        **{key: line.get(key) for key in ("figure", "threshold", "sentence", "fix")},
        "metrics": list(detector.reads) if detector else [],
        "rollouts": {"from": max(0, step - window + 1), "to": step, **SHOWN_BY.get(name, {})},
    }
