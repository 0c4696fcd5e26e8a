"""The winner of a sweep, and how it does where it was not chosen."""

from pathlib import Path

import pytest

from sweep.records import records
from whet.recipe import load_recipe
from whet.runs.views.view import PlainView
from whet.sweep import result
from whet.sweep.result import best, competing, result_of
from whet.sweep.trial_folder import State, Trial

VIEW = PlainView(lambda line: None)
CONFIG = load_recipe("quickstart", {"eval.problems": 4})


def _trial(number: int, accuracy: float | None, state: State = "finished", problems: str = "abc") -> Trial:
    path, held_out = Path(f"trial-{number:03d}"), frozenset(problems)
    return Trial(number, path, {"seed": number}, state, accuracy, (0.1, 0.9), problems=held_out)


def test_the_best_is_the_first_of_the_best_finished() -> None:
    trials = [_trial(0, 0.25), _trial(1, 0.5), _trial(2, 0.5), _trial(3, None, "pruned"), _trial(4, None, "failed")]
    assert best(trials) is trials[1]
    assert best(trials[3:]) is None


def test_only_trials_measured_on_the_same_problems_compete() -> None:
    """Those that most finished trials have; of two equally frequent ones, those of the earlier trial."""
    trials = [_trial(0, 0.25), _trial(1, 0.75, problems="abd"), _trial(2, 0.5), _trial(3, 0.6, problems="bad")]
    assert best(competing(trials)) is trials[2]
    assert best(competing([*trials, _trial(4, 0.1, problems="abd")])) is trials[1]
    assert best(competing([_trial(0, None, "failed", ""), *trials[1:]])) is trials[1]


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


def test_a_trial_measured_on_other_problems_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    _fresh(monkeypatch, {0: "0101", 2: "0111"})
    trials = [_trial(0, 0.25), _trial(1, 0.75, problems="abd"), _trial(2, 0.5), _trial(3, 1.0, problems="xyz")]
    found = result_of(Path("sweep"), trials, CONFIG, VIEW)
    assert found.winner is trials[2]
    example = "a prompt that is too long for a model is left out, for example"
    why = f"measured on other held-out problems than trial-000 ({example})"
    assert [trial["why"] for trial in found.as_dict()["trials"]] == ["", why, "", why]
    assert [trial["accuracy"] for trial in found.as_dict()["trials"]] == [0.25, 0.75, 0.5, 1.0]
    assert found.sentence().startswith("trial-002 is the best of 2 trials: 50 % right")
    assert found.sentence().endswith(f" Not compared: trial-001, trial-003, {why}.")


def test_that_is_told_without_fresh_problems_too(monkeypatch: pytest.MonkeyPatch) -> None:
    _fresh(monkeypatch, {0: ""})
    found = result_of(Path("sweep"), [_trial(0, 0.25), _trial(1, 0.75, problems="abd")], CONFIG, VIEW)
    assert "and the best of several flatters. Not compared: trial-001, measured" in found.sentence()


def test_without_a_fresh_problem_in_both_there_is_no_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    _fresh(monkeypatch, {0: "", 1: "1100"})
    found = result_of(Path("sweep"), [_trial(0, 0.25), _trial(1, 0.5)], CONFIG, VIEW)
    assert (found.winner is not None, found.gain) == (True, None)
    assert found.sentence().endswith("and 50 % on 4 fresh problems that it was not chosen by.")
