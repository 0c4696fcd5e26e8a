"""The winner of a sweep, and how it does where it was not chosen."""

from pathlib import Path

import pytest

from sweep.records import records
from whet.recipe import load_recipe
from whet.runs.views.view import PlainView
from whet.sweep import result
from whet.sweep.result import best, result_of
from whet.sweep.trial_folder import State, Trial

VIEW = PlainView(lambda line: None)
CONFIG = load_recipe("quickstart", {"eval.problems": 4})


def _trial(number: int, accuracy: float | None, state: State = "finished") -> Trial:
    return Trial(number, Path(f"trial-{number:03d}"), {"seed": number}, state, accuracy, (0.1, 0.9))


def test_the_best_is_the_first_of_the_best_finished() -> None:
    trials = [_trial(0, 0.25), _trial(1, 0.5), _trial(2, 0.5), _trial(3, None, "pruned"), _trial(4, None, "failed")]
    assert best(trials) is trials[1]
    assert best(trials[3:]) is None


def _fresh(monkeypatch: pytest.MonkeyPatch, of: dict[int, str]) -> list[tuple[int, int]]:
    asked: list[tuple[int, int]] = []

    def again(folder: Path, trial: Trial, count: int, view: object) -> object:
        asked.append((trial.number, count))
        return records(of[trial.number])

    monkeypatch.setattr(result, "measured_again", again)
    return asked


def test_the_winner_is_measured_again_beside_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _fresh(monkeypatch, {0: "0100", 1: "1100"})
    found = result_of(Path("sweep"), [_trial(0, 0.25), _trial(1, 0.75)], CONFIG, VIEW)
    assert asked == [(1, 4), (0, 4)]
    assert found.again is not None
    assert found.again.accuracy == 0.5
    assert found.gain is not None
    assert len(found.gain.fixed) == 1
    assert found.gain.broken == []
    assert found.sentence().startswith(
        "trial-001 is the best of 2 trials: 75 % right, and 50 % on 4 fresh problems that it was not chosen by. "
    )
    told = found.as_dict()
    assert told["winner"] == 1
    assert told["fresh"]["accuracy"] == 0.5
    assert [trial["accuracy"] for trial in told["trials"]] == [0.25, 0.75]


def test_the_recipe_itself_may_be_best(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _fresh(monkeypatch, {0: "0101"})
    found = result_of(Path("sweep"), [_trial(0, 0.5), _trial(1, 0.25)], CONFIG, VIEW)
    assert asked == [(0, 4)]
    assert found.gain is None
    assert found.sentence().endswith("and 50 % on 4 fresh problems that it was not chosen by.")


def test_without_further_problems_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    _fresh(monkeypatch, {1: ""})
    found = result_of(Path("sweep"), [_trial(0, 0.25), _trial(1, 0.5)], CONFIG, VIEW)
    assert found.again is None
    assert "no further problems to measure it again, and the best of several flatters" in found.sentence()


def test_without_a_finished_trial_there_is_no_winner() -> None:
    found = result_of(Path("sweep"), [_trial(0, None, "failed")], CONFIG, VIEW)
    assert found.sentence() == "No trial was finished."
    assert found.as_dict()["winner"] is None
