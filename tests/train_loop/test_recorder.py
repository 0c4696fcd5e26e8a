"""Each step goes to the run folder and to the terminal."""

from pathlib import Path
from typing import Any

import pytest

from batches import group
from whet.runs.reader import RunReader
from whet.runs.writer import RunWriter
from whet.stages.fine_tune import Recorder
from whet.train_loop.clock import Clock
from wiring import listening

GROUPS = [group([1.0, 0.0], [3, 5]), group([1.0, 1.0], [2, 2])]


ADVANTAGES = [[0.7, -0.7], [0.0, 0.0]]


def half(groups: Any, advantages: Any, seconds: Any, elapsed: float) -> dict[str, float]:
    """Every step came half way to the limit."""
    assert (groups, advantages, seconds) == (GROUPS, ADVANTAGES, {"rollout": 0.25})
    assert elapsed > 0
    return {"efficiency": 0.5, "efficiency/learn": 0.6}


HALF: Any = half


@pytest.fixture
def run(tmp_path: Path) -> Any:
    with RunWriter.create(tmp_path / "runs", "recipe: {}\n", {}) as writer:
        yield writer


def test_a_step_is_recorded_and_shown(run: RunWriter) -> None:
    lines, view = listening()
    clock = Clock()
    recorder = Recorder(run, view, clock, lambda step, groups: {"own": 2.0 + step, "reward": -9.0}, HALF)
    view.phase("GRPO", 4)
    (step, *rest) = recorder.steps(4)
    assert [step, *rest] == [0, 1, 2, 3]
    clock.seconds["rollout"] += 0.25
    recorder.record(0, GROUPS, ADVANTAGES, {"grad_norm": 0.5, "kl": 0.125})
    reader = RunReader(run.path)
    (metrics,) = reader.metrics()
    assert metrics["reward"] == 0.75, "what a function logs cannot pose as one of our figures"
    assert metrics["own"] == 2.0
    assert metrics["grad_norm"] == 0.5
    assert metrics["completions/tokens"] == 12
    (timings,) = reader.timings()
    assert timings["seconds/rollout"] == 0.25
    assert timings["tokens_per_second"] == pytest.approx(12 / timings["step_time"])
    assert (timings["efficiency"], timings["efficiency/learn"]) == (0.5, 0.6)
    assert [r["advantage"] for r in reader.rollouts(0)] == [0.7, -0.7, 0.0, 0.0]
    assert lines[-1].startswith("[GRPO 1/4]  reward 0.75  signal 50 %  kl 0.125  length 3  truncated 0 %")
    assert "  50 % of the limit" in lines[-1]


def test_the_clock_starts_anew_with_each_step(run: RunWriter) -> None:
    clock = Clock()
    for _ in Recorder(run, listening()[1], clock, lambda step, groups: {}, HALF).steps(3):
        assert clock.seconds == {}
        clock.seconds["rollout"] += 1.0
