"""When a stage is saved."""

from pathlib import Path
from typing import Any

import pytest
import torch

from whet.compute.checkpoint import load_checkpoint, step_of
from whet.config.recipe import RunConfig
from whet.train_loop.background import Never
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


class Later:
    """Jobs that are done when the test says so."""

    def __init__(self) -> None:
        self.jobs: list[Any] = []
        self.failure: Exception | None = None

    def submit(self, job: Any) -> bool:
        self.jobs.append(job)
        return True

    def wait(self) -> None:
        while self.jobs:
            self.jobs.pop(0)()

    def check(self) -> None:
        if self.failure:
            raise self.failure


class Moving:
    """Stands for an optimizer whose weights change in place, and for a memory that grows."""

    def __init__(self) -> None:
        self.weight, self.seen = torch.zeros(3), [1]

    def state_dict(self) -> Any:
        return {"a": self.weight}


class Memory(Moving):
    def state_dict(self) -> Any:
        return {"seen": self.seen}


def test_a_checkpoint_written_later_is_that_of_its_step(tmp_path: Path) -> None:
    """Memories change at once; tensors only after `until_copied`, which returns before the checkpoint is read back."""
    jobs, held, memory = Later(), Moving(), Memory()
    state = TrainingState(held, held, {"replay": memory})  # type: ignore[arg-type]
    saved = CheckpointSchedule(state, tmp_path, 20, RunConfig(), jobs=jobs)
    saved.save(4)
    memory.seen.append(2)
    assert kept(tmp_path) == []
    jobs.wait()
    saved.until_copied()
    held.weight.fill_(9.0)
    found = load_checkpoint(tmp_path / "step-4")
    assert found.state == {"step": 4, "memories": {"replay": {"seen": [1]}}}
    assert found.tensors["optimizer"]["a"].tolist() == [0.0] * 3


def test_whoever_waits_for_a_checkpoint_that_never_comes_is_told_why(tmp_path: Path) -> None:
    jobs = Later()
    saved = CheckpointSchedule(TrainingState(Moving(), Moving(), {}), tmp_path, 20, RunConfig(), jobs=jobs)  # type: ignore[arg-type]
    saved.save(1)
    jobs.failure = OSError(28, "No space left on device")
    with pytest.raises(OSError, match="No space"):
        saved.until_copied()


def test_a_stop_is_told_of_when_the_step_is_on_disk(tmp_path: Path) -> None:
    stop, jobs = Stop(), Later()
    stop.asked = True
    saved = CheckpointSchedule(TrainingState(Moving(), Moving(), {}), tmp_path, 20, RunConfig(), jobs=jobs)  # type: ignore[arg-type]
    with pytest.raises(Interrupted):
        saved.after(3, stop)
    assert kept(tmp_path) == [3]


def test_who_leaves_the_disk_to_another_process_writes_nothing_and_waits_for_nothing(tmp_path: Path) -> None:
    stop = Stop()
    stop.agree = lambda asked: True  # another process was asked
    saved = CheckpointSchedule(TrainingState(Moving(), Moving(), {}), tmp_path, 20, RunConfig(), jobs=Never())  # type: ignore[arg-type]
    saved.save(1)
    saved.until_copied()
    with pytest.raises(Interrupted, match="stopped after step 3 of 20, which is saved"):
        saved.after(3, stop)
    assert list(tmp_path.iterdir()) == []
