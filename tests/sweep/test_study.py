"""Proposals follow from the seed and the trials before them, whoever asks and how often the sweep was killed."""

from collections.abc import Mapping
from itertools import pairwise
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
        proposal = search.ask(number)
        found.append(proposal.values)
        proposal.tell(_trial(number, found[-1]))
    return found


def test_a_sweep_that_begins_anew_proposes_what_it_would_have() -> None:
    whole = _whole(9)
    for killed_after in range(9):
        search = Search(SPACE, 3, "one")
        for number in range(killed_after):
            search.add(_trial(number, whole[number]))
        for number in range(killed_after, 9):
            proposal = search.ask(number)
            assert proposal.values == whole[number]
            proposal.tell(_trial(number, whole[number]))


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
    proposal = search.ask_for(0, wanted)
    assert proposal.values == wanted
    proposal.tell(_trial(0, wanted))
    assert search.study.best_value == 1.0


def test_a_trial_below_the_median_is_hopeless() -> None:
    search = Search(SPACE, 3, "one")
    for number in range(STARTUP):
        proposal = search.ask(number)
        assert not proposal.is_hopeless({10: 0.0})  # nothing to compare with yet
        proposal.tell(_trial(number, proposal.values, {}))
    search = Search(SPACE, 3, "one")
    for number, values in enumerate(_whole(STARTUP)):
        search.add(_trial(number, values, {10: 0.1 * number, 20: 0.5}))  # a median of 0.2 after 10 steps
    proposal = search.ask(STARTUP)
    assert not proposal.is_hopeless({})
    assert not proposal.is_hopeless({10: 0.3})
    assert not proposal.is_hopeless({10: 0.3})  # told again at the next look
    assert proposal.is_hopeless({10: 0.3, 20: 0.4})


def test_several_trials_can_run_at_once() -> None:
    """Each is judged and told by itself, in whatever order they end."""
    search = Search(SPACE, 3, "one")
    for number, values in enumerate(_whole(STARTUP)):
        search.add(_trial(number, values, {10: 0.1 * number}))  # a median of 0.2 after 10 steps
    bad, good = search.ask(5), search.ask(6)
    assert bad.is_hopeless({10: 0.1})
    assert not good.is_hopeless({10: 0.3})
    good.tell(_trial(6, good.values, {10: 0.3}))
    bad.tell(Trial(5, Path("trial-5"), bad.values, "pruned", between={10: 0.1}))
    assert [trial.state.name for trial in search.study.trials[5:]] == ["PRUNED", "COMPLETE"]
    assert search.study.trials[6].params == good.values


def _apart(running: bool) -> int:
    """The least distance between four values proposed one upon the other, summed over eight seeds.

    Where they are not `running` they have failed meanwhile, which the search takes no notice of.
    """
    space, summed = Space({"grpo.group_size": ("int", (2, 200))}), 0
    for seed in range(8):
        search, found = Search(space, seed, "one"), []
        for number in range(STARTUP + 3):
            size = 2 + 22 * number
            search.add(Trial(number, Path("a"), {"grpo.group_size": size}, "finished", 1 - abs(size - 90) / 200))
        for number in range(4):
            proposal = search.ask(STARTUP + 3 + number)
            found.append(proposal.values["grpo.group_size"])
            if not running:
                proposal.tell(Trial(number, Path("b"), proposal.values, "failed"))
        summed += min(high - low for low, high in pairwise(sorted(found)))
    return summed


def test_values_of_trials_that_still_run_are_not_proposed_again() -> None:
    assert _apart(running=True) > _apart(running=False)


def test_one_after_another_nothing_is_proposed_otherwise() -> None:
    """Running trials do not count where there are none: Optuna's own sampler without them proposes the same."""
    import optuna
    from optuna.samplers import TPESampler

    study = optuna.create_study(direction="maximize")
    for number, values in enumerate(_whole(9)):
        study.sampler = TPESampler(seed=3 + number, n_startup_trials=STARTUP, constant_liar=False)
        live = study.ask(SPACE.distributions())
        assert live.params == values
        study.tell(live, _accuracy(values))


def test_pruned_and_failed_trials_are_no_results() -> None:
    search = Search(SPACE, 3, "one")
    first, second = search.ask(0), search.ask(1)
    first.tell(Trial(0, Path("a"), first.values, "pruned", between={10: 0.1}))
    second.tell(Trial(1, Path("b"), second.values, "failed", why="no"))
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
