"""Proposals follow from the seed and the trials before them, whoever asks and how often the sweep was killed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from whet.errors import UserError
from whet.sweep import study
from whet.sweep.space import Space
from whet.sweep.study import STARTUP, Search
from whet.sweep.trial_folder import Trial

SPACE = Space(
    {
        "grpo.optimizer.learning_rate": ("log", (1e-6, 1e-3)),
        "grpo.group_size": ("int", (2, 16, 2)),
        "grpo.optimizer.schedule": ("choice", ("constant", "cosine")),
    }
)


def _accuracy(values: Mapping[str, Any]) -> float:
    return 1 - abs(values["grpo.group_size"] - 8) / 16


def _trial(number: int, values: Mapping[str, Any], between: Mapping[int, float] = {}) -> Trial:
    return Trial(number, Path(f"trial-{number}"), values, "finished", _accuracy(values), None, between)


def _whole(count: int, seed: int = 3) -> list[dict[str, Any]]:
    search, found = Search(SPACE, seed, "one"), []
    for number in range(count):
        found.append(search.ask())
        search.tell(_trial(number, found[-1]))
    return found


def test_a_sweep_that_begins_anew_proposes_what_it_would_have() -> None:
    whole = _whole(9)
    for killed_after in range(9):
        search = Search(SPACE, 3, "one")
        for number in range(killed_after):
            search.add(_trial(number, whole[number]))
        for number in range(killed_after, 9):
            assert search.ask() == whole[number]
            search.tell(_trial(number, whole[number]))


def test_no_proposal_is_made_twice() -> None:
    """A sampler with one seed, made again for each trial, would propose the same values again and again."""
    rates = [values["grpo.optimizer.learning_rate"] for values in _whole(9)]
    assert len(set(rates)) == 9
    assert _whole(3, seed=3) == _whole(3, seed=3) != _whole(3, seed=4)


def test_proposals_lie_in_the_space() -> None:
    assert all(SPACE.holds(values) for values in _whole(12))


def test_values_can_be_asked_for() -> None:
    wanted = {"grpo.optimizer.learning_rate": 1e-5, "grpo.group_size": 8, "grpo.optimizer.schedule": "cosine"}
    search = Search(SPACE, 3, "one")
    search.ask_for(wanted)
    assert search.live.params == wanted
    search.tell(_trial(0, wanted))
    assert search.study.best_value == 1.0


def test_a_trial_below_the_median_is_hopeless() -> None:
    search = Search(SPACE, 3, "one")
    for number in range(STARTUP):
        values = search.ask()
        assert not search.is_hopeless({10: 0.0})  # nothing to compare with yet
        search.tell(_trial(number, values, {}))
    search = Search(SPACE, 3, "one")
    for number, values in enumerate(_whole(STARTUP)):
        search.add(_trial(number, values, {10: 0.1 * number, 20: 0.5}))  # a median of 0.2 after 10 steps
    search.ask()
    assert not search.is_hopeless({})
    assert not search.is_hopeless({10: 0.3})
    assert not search.is_hopeless({10: 0.3})  # told again at the next look
    assert search.is_hopeless({10: 0.3, 20: 0.4})


def test_pruned_and_failed_trials_are_no_results() -> None:
    search = Search(SPACE, 3, "one")
    values = search.ask()
    search.tell(Trial(0, Path("a"), values, "pruned", between={10: 0.1}))
    search.ask()
    search.tell(Trial(1, Path("b"), values, "failed", why="no"))
    search.add(Trial(2, Path("c"), {}, "failed", why="no"))
    assert [trial.state.name for trial in search.study.trials] == ["PRUNED", "FAIL", "FAIL"]


def test_the_journal_is_a_copy(tmp_path: Path) -> None:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    for _ in range(2):  # made anew, whatever was in it
        search = Search(SPACE, 3, "one", tmp_path / "optuna.journal")
        search.add(_trial(0, _whole(1)[0]))
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(tmp_path / "optuna.journal")))
    loaded = optuna.load_study(study_name="one", storage=storage)
    assert [trial.params for trial in loaded.trials] == _whole(1)
    assert loaded.trials[0].user_attrs == {"run": "trial-0"}


def test_without_optuna_the_fix_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    study.refuse_without_optuna()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"^sweep: needs Optuna; install it by `pip install 'whet\[sweep\]'`$"):
        study.refuse_without_optuna()
