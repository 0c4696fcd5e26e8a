"""Sampling alone, on a tiny model."""

from typing import Any

from benchmarks.contenders.whet_rollout import main


def test_seconds_of_every_repeat_by_rows(work: dict[str, Any]) -> None:
    given = {"model": work["model"], "rows": [4, 8], "group": 2, "prompt_tokens": 9, "tokens": 3, "repeats": 3}
    found = main(given)["seconds"]
    assert list(found) == ["4", "8"]
    assert all(len(seconds) == 3 and min(seconds) > 0 for seconds in found.values())
