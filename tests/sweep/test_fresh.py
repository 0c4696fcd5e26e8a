"""Trials measured on problems that they were not chosen by."""

from pathlib import Path
from typing import Any

import pytest

from sweep.records import records
from whet.eval.evaluation import Evaluation
from whet.eval.record import Record
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
    assert found is not None
    assert (found.a_name, found.b_name) == ("trial-000", "trial-002")
    assert (len(found.fixed), len(found.broken)) == (1, 0)


def test_pairs_are_of_one_problem_where_trials_left_out_others() -> None:
    """Problems 2 and 3 are in both: the second trial answers the first of these as well, the other one no longer."""
    found = compared(_trial(0), records("0011"), _trial(2), records("10111", first=2))
    assert found is not None
    assert [(a.id, b.id) for a, b in found.pairs] == [("problem-2", "problem-2"), ("problem-3", "problem-3")]
    assert [a.id for a, _ in found.broken] == ["problem-3"]
    assert (len(found.fixed), found.only_a, found.only_b) == (0, 2, 3)


@pytest.mark.parametrize("of_base", [records("01", first=7), ()])
def test_without_a_problem_in_both_there_is_no_comparison(of_base: tuple[Record, ...]) -> None:
    assert compared(_trial(0), of_base, _trial(2), records("01")) is None
