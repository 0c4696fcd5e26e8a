"""Trials under way: each process is started as its folder asks, told of once, and never left behind."""

from pathlib import Path
from typing import Any

import pytest

from whet.sweep import run_trial
from whet.sweep.run_trial import Ended
from whet.sweep.trial_folder import Trial
from whet.sweep.trial_places import Place
from whet.sweep.under_way import UnderWay, none_left_behind

PLACE = Place({"OMP_NUM_THREADS": "2"})


class Process:
    """Writes down what it is told in a list that all share."""

    def __init__(self, name: str, told: list[str]) -> None:
        self.name, self.told = name, told

    def poll(self) -> Ended:
        return Ended(0, self.name)

    def interrupt(self) -> None:
        self.told.append(f"interrupt {self.name}")

    def wait(self) -> None:
        self.told.append(f"wait {self.name}")


def _under_way(running: Any = None) -> UnderWay:
    proposal: Any = None
    return UnderWay(Trial(3, Path("sweep/trial-003"), {"seed": 4}, "half"), proposal, PLACE, running)


def test_a_process_is_started_as_the_folder_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(run_trial, "train", lambda *given: asked.append(given))
    monkeypatch.setattr(run_trial, "resume", lambda *given: asked.append(given))
    for begun in (False, True):
        _under_way().start(Path("sweep"), Path("recipe.yaml"), begun)
    assert asked == [
        (Path("sweep"), Path("sweep/trial-003"), Path("recipe.yaml"), {"seed": 4}, PLACE),
        (Path("sweep/trial-003"), PLACE),
    ]


def test_an_end_is_told_once() -> None:
    one = _under_way(Process("a", []))
    assert one.ended() == Ended(0, "a")
    assert one.running is None
    assert one.ended() is None


def test_all_are_stopped_before_any_is_waited_for() -> None:
    told: list[str] = []
    live = [_under_way(Process("a", told)), _under_way(), _under_way(Process("b", told))]
    with pytest.raises(KeyboardInterrupt), none_left_behind(live):
        raise KeyboardInterrupt
    assert told == ["interrupt a", "interrupt b", "wait a", "wait b"]


def test_without_an_error_nothing_is_stopped() -> None:
    told: list[str] = []
    with none_left_behind([_under_way(Process("a", told))]):
        pass
    assert told == []
