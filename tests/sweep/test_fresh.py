"""Trials measured on problems that they were not chosen by."""

from pathlib import Path
from typing import Any

import pytest

from sweep.records import records
from whet.eval.evaluation import Evaluation
from whet.runs.views.view import PlainView
from whet.sweep import fresh
from whet.sweep.fresh import compared, measured_again
from whet.sweep.trial_folder import Trial

VIEW = PlainView(lambda line: None)


def _trial(number: int) -> Trial:
    return Trial(number, Path(f"runs/trial-{number:03d}"), {}, "finished", 0.5)


def test_only_the_problems_after_those_of_the_trials_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def config(what: str, limit: int) -> tuple[str, int]:
        asked.append((what, limit))
        return what, limit

    monkeypatch.setattr(fresh, "evaluation_config", config)
    monkeypatch.setattr(fresh, "evaluate_model", lambda config, view: Evaluation(records("11110101")))
    found = measured_again(tmp_path, _trial(3), 4, VIEW)
    assert asked == [("runs/trial-003", 8)]
    assert found == records("11110101")[4:]
    assert measured_again(tmp_path, _trial(3), 4, VIEW) == found  # kept, not measured once more
    assert len(asked) == 1


def test_data_may_have_no_further_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "evaluation_config", lambda *_, **__: None)
    monkeypatch.setattr(fresh, "evaluate_model", lambda config, view: Evaluation(records("11")))
    assert measured_again(tmp_path, _trial(0), 4, VIEW) == ()


def test_trials_are_compared_in_pairs() -> None:
    found = compared(_trial(0), records("0011"), _trial(2), records("1011"))
    assert (found.a_name, found.b_name) == ("trial-000", "trial-002")
    assert (len(found.fixed), len(found.broken)) == (1, 0)
