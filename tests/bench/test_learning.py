"""One warm start for all, exams off the clock, seconds to a target by hand."""

from pathlib import Path
from typing import Any

import pytest

from bench_fakes import Fake
from benchmarks import learning as module
from benchmarks.learning import learning, seconds_to


def test_seconds_until_the_first_exam_that_reached_the_target() -> None:
    result = {"seconds": [1.0, 2.0, 4.0, 8.0], "exams": {0: 0.1, 2: 0.3, 4: 0.5}}
    assert seconds_to(result, 0.3) == 3.0
    assert seconds_to(result, 0.31) == 15.0
    assert seconds_to(result, 0.05) == 0.0
    assert seconds_to(result, 0.6) is None


def test_every_contender_goes_on_from_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Any]] = []

    def made(name: str, python: str, worker: str) -> Any:
        def answer(work: Any) -> dict[str, Any]:
            asked.append((worker, work))
            if worker == "warm_start.py":
                return {"model": f"warm-of-{work['overrides']['seed']}"}
            return {"accuracies": [0.2, 0.3, 0.6][: len(work["folders"])]}

        return Fake(name, answer)

    monkeypatch.setattr(module, "Contender", made)

    def player(name: str, seconds: float) -> Any:
        def answer(work: Any) -> dict[str, Any]:
            asked.append((name, work))
            return {
                "seconds": [seconds] * 4,
                "rollout": [seconds / 4] * 4,
                "rewards": [0.1, 0.2, 0.3, 0.4],
                "tokens": [100] * 4,
                "snapshots": [[2, "a"], [4, "b"]],
            }

        return Fake(name, answer)

    kept: list[Any] = []
    players = [player("whet", 2.0), player("slow", 12.0)]
    table = learning(players, "quickstart", [0, 7], 4, 2, 0.5, tmp_path, lambda text: None, kept.append)
    (whet, slow) = table.rows
    assert whet[-2:] == ["**8**", "**1.0**"]
    assert slow[-2:] == ["**48**", "**6.0**"]
    assert whet[3] == "50"
    assert whet[4] == "60.0 %, 60.0 %"
    starts = [work["overrides"]["model.name"] for who, work in asked if who in ("whet", "slow")]
    assert starts == ["warm-of-0", "warm-of-0", "warm-of-7", "warm-of-7"]
    assert table.data["contenders"]["slow"][1]["exams"] == {0: 0.2, 2: 0.3, 4: 0.6}
    assert "s to 50%" in table.columns
    assert [len(one.data["contenders"]["slow"]) for one in kept] == [1, 2]
    assert kept[-1].rows == table.rows


def test_a_target_that_one_seed_missed_is_not_reached() -> None:
    results = [{"seconds": [1.0], "exams": {0: 0.0, 1: accuracy}} for accuracy in (0.6, 0.4)]
    assert module._median_time(results, 0.5) is None
    assert module._median_time(results, 0.4) == 1.0
