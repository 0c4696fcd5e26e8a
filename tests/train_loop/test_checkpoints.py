"""When a stage is saved."""

from pathlib import Path
from typing import Any

import pytest
import torch

from whet.compute.checkpoint import step_of
from whet.config.recipe import RunConfig
from whet.train_loop.checkpoints import CheckpointSchedule
from whet.train_loop.signals import Interrupted, Stop
from whet.train_loop.training_state import TrainingState


class Held:
    """Stands for an optimizer."""

    def state_dict(self) -> dict[str, Any]:
        return {"a": torch.zeros(1)}


class Hands:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def checkpoints(parent: Path, every: int = 0, hands: Any = None, **config: Any) -> CheckpointSchedule:
    held: Any = Held()
    state = TrainingState(held, held, {})
    return CheckpointSchedule(state, parent, 20, RunConfig(**config), every, hands or Hands())


def kept(parent: Path) -> list[int]:
    return sorted(step for path in parent.iterdir() if (step := step_of(path)) is not None)


def test_after_so_many_minutes_without(tmp_path: Path) -> None:
    hands = Hands()
    saved = checkpoints(tmp_path, hands=hands, save_minutes=2.0, keep=9)
    for done in range(1, 10):
        hands.now += 50.0
        saved.after(done, Stop())
    assert kept(tmp_path) == [3, 6, 9], "150 seconds each"


def test_a_save_by_steps_begins_the_minutes_anew(tmp_path: Path) -> None:
    hands = Hands()
    saved = checkpoints(tmp_path, every=4, hands=hands, save_minutes=2.0, keep=9)
    for done in range(1, 9):
        hands.now += 50.0
        saved.after(done, Stop())
    assert kept(tmp_path) == [3, 4, 7, 8]


def test_never_by_time(tmp_path: Path) -> None:
    hands = Hands()
    saved = checkpoints(tmp_path, hands=hands, save_minutes=0.0)
    hands.now += 1e9
    saved.after(1, Stop())
    assert kept(tmp_path) == []


def test_told_to_stop_it_saves_whatever_is_due(tmp_path: Path) -> None:
    stop = Stop()
    stop.asked = True
    with pytest.raises(Interrupted, match="stopped after step 7 of 20, which is saved"):
        checkpoints(tmp_path, save_minutes=0.0).after(7, stop)
    assert kept(tmp_path) == [7]


def test_what_is_saved_is_not_saved_twice(tmp_path: Path) -> None:
    saved = checkpoints(tmp_path)
    saved.save(2)
    before = (tmp_path / "step-2" / "MANIFEST.json").stat().st_mtime_ns
    saved.save(2)
    assert (tmp_path / "step-2" / "MANIFEST.json").stat().st_mtime_ns == before


def test_the_best_stays_beside_the_newest(tmp_path: Path) -> None:
    saved = checkpoints(tmp_path, every=1, keep=2)
    saved.best = 3
    for done in range(1, 9):
        saved.after(done, Stop())
    assert kept(tmp_path) == [3, 7, 8]
