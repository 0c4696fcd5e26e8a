"""After a step: a checkpoint, a held-out measurement, the end; each when due."""

from pathlib import Path
from typing import Any

import pytest
import torch

from batches import group
from whet.compute.checkpoint import load_checkpoint, what_is_wrong
from whet.eval.evaluation import Evaluation
from whet.eval.record import Record
from whet.runs.reader import RunReader
from whet.runs.writer import RunWriter
from whet.train_loop.callbacks import Evaluations, StepCallbacks
from whet.train_loop.checkpoints import CheckpointSchedule
from whet.train_loop.clock import Clock
from whet.train_loop.health_monitor import HealthMonitor
from whet.train_loop.recorder import Recorder
from whet.train_loop.signals import Interrupted, Stop
from whet.train_loop.training_state import TrainingState
from whet.types import Collected
from wiring import listening, shrunk


@pytest.fixture
def run(tmp_path: Path) -> Any:
    with RunWriter.create(tmp_path / "runs", "recipe: {}\n", {}) as writer:
        yield writer


def evaluation(correct: int) -> Evaluation:
    given: dict[str, Any] = {"question": "?", "gold": "4", "response": "4", "answer": "4", "formatted": True}
    return Evaluation(
        tuple(
            Record(id=str(n), correct=n < correct, lenient=n < correct, tokens=1, finish="stop", **given)
            for n in range(10)
        )
    )


class Weights:
    """Stands for an optimizer and for a reference that holds nothing."""

    def __init__(self, held: dict[str, Any]) -> None:
        self.held = held

    def state_dict(self) -> dict[str, Any]:
        return self.held


def state() -> TrainingState:
    stands_for: Any = Weights
    return TrainingState(stands_for({"master.0": torch.zeros(2)}), stands_for({}), {})


def callbacks(
    run: RunWriter,
    folder: Path,
    accuracy: dict[int, int],
    changes: dict[str, Any],
    stop: Stop | None = None,
    seen: Evaluations | None = None,
) -> tuple[StepCallbacks, list[str]]:
    """StepCallbacks of a training whose held-out accuracy after each step is given."""
    config = shrunk(folder, run.path, changes)
    lines, view = listening()
    checkpoints = CheckpointSchedule(state(), run.checkpoints, config.grpo.steps, config.run, config.run.save_every)

    def measured(title: str) -> Evaluation:
        return evaluation(accuracy[int(title.split()[-1])])

    watch = HealthMonitor(run, view)
    return StepCallbacks(checkpoints, measured, config, run, view, watch, stop or Stop(), seen), lines


def kept(run: RunWriter) -> list[int]:
    return sorted(int(path.name.removeprefix("step-")) for path in run.checkpoints.glob("step-*"))


@pytest.mark.parametrize(
    ("changes", "evaluated", "saved"),
    [
        ({}, [], []),
        ({"eval.every": 3}, [3, 6, 9], []),
        ({"run.save_every": 4, "run.keep": 9}, [], [4, 8, 10]),  # the last step always
        ({"run.save_every": 5, "run.keep": 9}, [], [5, 10]),
        ({"eval.every": 5}, [5], []),  # after the last step the result is measured anyway
        ({"run.save_every": 2}, [], [8, 10]),
        ({"run.save_every": 2, "run.keep": 1}, [], [10]),
    ],
)
def test_each_when_it_is_due(
    run: RunWriter,
    tiny_folder: Path,
    changes: dict[str, Any],
    evaluated: list[int],
    saved: list[int],
) -> None:
    accuracy = dict.fromkeys(range(1, 11), 0) | {3: 5}
    after, _ = callbacks(run, tiny_folder, accuracy, {"grpo.steps": 10, **changes})
    for step in range(10):
        after(step)
    assert list(RunReader(run.path).evaluations()) == [f"step-{done:06d}" for done in evaluated]
    assert kept(run) == saved


def test_what_is_there_is_what_process_0_sees(run: RunWriter, tiny_folder: Path) -> None:
    """A disk that another machine has not caught up with: this process sees less, and measures nothing again."""
    changes = {"grpo.steps": 10, "eval.every": 2}
    seen = {"step-000002": {"accuracy": 0.7}}
    after, _ = callbacks(run, tiny_folder, dict.fromkeys(range(11), 0), changes, seen=lambda: seen)
    assert after.best == (0.7, 2)
    after.measure(2)
    assert RunReader(run.path).evaluations() == {}
    after.measure(4)
    assert list(RunReader(run.path).evaluations()) == ["step-000004"]


def test_the_best_is_kept_beside_the_newest(run: RunWriter, tiny_folder: Path) -> None:
    changes = {"grpo.steps": 20, "eval.every": 2, "run.save_every": 2, "run.keep": 2}
    accuracy = {done: {6: 8, 12: 7}.get(done, 3) for done in range(1, 21)}
    after, _ = callbacks(run, tiny_folder, accuracy, changes)
    for step in range(19):
        after(step)
    assert kept(run) == [6, 16, 18]
    assert all(not what_is_wrong(path) for path in run.checkpoints.iterdir())
    assert load_checkpoint(run.checkpoints / "step-18").state == {"step": 18, "memories": {}}


def test_the_best_is_kept_though_no_checkpoint_was_due(run: RunWriter, tiny_folder: Path) -> None:
    """Evaluated every 3 steps, saved every 5: the best, after step 9, gets a checkpoint of its own."""
    changes = {"grpo.steps": 20, "eval.every": 3, "run.save_every": 5, "run.keep": 1}
    accuracy = {done: {3: 2, 6: 2, 9: 9}.get(done, 1) for done in range(1, 21)}
    after, _ = callbacks(run, tiny_folder, accuracy, changes)
    for step in range(20):
        after(step)
    assert kept(run) == [9, 20]


def test_of_equals_the_latest_is_the_best(run: RunWriter, tiny_folder: Path) -> None:
    changes = {"grpo.steps": 9, "eval.every": 2, "run.save_every": 2, "run.keep": 1}
    after, _ = callbacks(run, tiny_folder, dict.fromkeys(range(10), 4), changes)
    for step in range(9):
        after(step)
    assert after.best == (0.4, 8)
    assert kept(run) == [8, 9], "the last step is saved whatever is due"


def test_what_is_measured_is_watched(run: RunWriter, tiny_folder: Path) -> None:
    """Accuracy falls from 100 % to none of 10 problems while the reward rises."""
    after, lines = callbacks(run, tiny_folder, {3: 10, 6: 0}, {"grpo.steps": 9, "eval.every": 3})
    half: Any = lambda *of_a_step: {"efficiency": 0.5}  # noqa: E731
    recorder = Recorder(run, listening()[1], Clock(), lambda groups, step: {}, half, after.watch)
    for step, right in enumerate([0, 0, 0, 1, 1, 1]):
        recorder.record(step, Collected((group([right, right], [2, 2]),)), [[0.0, 0.0]], {})
        after(step)
    assert [(found["step"], found["detector"]) for found in RunReader(run.path).findings()] == [(5, "reward_hacking")]
    assert any("held-out accuracy fell from 100 % to 0 %" in line for line in lines)


def test_the_view_goes_back_to_the_training(run: RunWriter, tiny_folder: Path) -> None:
    after, lines = callbacks(run, tiny_folder, {1: 0}, {"grpo.steps": 2, "eval.every": 1})
    after(0)
    assert lines == ["[GRPO]"]


def test_a_run_that_goes_on_knows_its_best(run: RunWriter, tiny_folder: Path) -> None:
    for done, correct in ((2, 7), (4, 3)):
        found = evaluation(correct)
        run.record_evaluation(f"step-{done:06d}", [], found.summary())
    run.record_evaluation("base", [], evaluation(9).summary())
    after, _ = callbacks(run, tiny_folder, {}, {})
    assert after.best == (0.7, 2)


def test_what_was_measured_is_not_measured_again(run: RunWriter, tiny_folder: Path) -> None:
    after, lines = callbacks(run, tiny_folder, {2: 5}, {"grpo.steps": 9, "eval.every": 2})
    after.measure(2)
    after.measure(2)
    assert lines == ["[GRPO]"]
    assert list(RunReader(run.path).evaluations()) == ["step-000002"]


def test_told_to_stop_it_saves_and_ends(run: RunWriter, tiny_folder: Path) -> None:
    stop = Stop()
    after, _ = callbacks(run, tiny_folder, {4: 1}, {"grpo.steps": 9, "eval.every": 4}, stop)
    after(2)
    assert kept(run) == []
    stop.asked = True
    with pytest.raises(Interrupted, match="stopped after step 4 of 9, which is saved"):
        after(3)
    assert kept(run) == [4]
    assert RunReader(run.path).evaluations() == {}, "it is made when the run goes on"


def test_told_to_stop_while_it_measures_it_saves(run: RunWriter, tiny_folder: Path) -> None:
    after, _ = callbacks(run, tiny_folder, {}, {"grpo.steps": 9, "eval.every": 2})

    def interrupted(title: str) -> Evaluation:
        raise KeyboardInterrupt

    after.evaluate = interrupted
    after(0)
    with pytest.raises(KeyboardInterrupt):
        after(1)
    assert kept(run) == [2]
