"""Each step goes to the run folder and to the terminal."""

from pathlib import Path
from typing import Any, cast

import pytest

from batches import group
from whet.errors import UserError
from whet.runs.reader import RunReader
from whet.runs.writer import RunWriter
from whet.train_loop.clock import Clock
from whet.train_loop.health_monitor import HealthMonitor
from whet.train_loop.recorder import Recorder
from whet.types import Collected
from wiring import listening

GROUPS = (group([1.0, 0.0], [3, 5]), group([1.0, 1.0], [2, 2]))
ADVANTAGES = [[0.7, -0.7], [0.0, 0.0]]


def half(sampled: Any, groups: Any, advantages: Any, seconds: Any, elapsed: float) -> dict[str, float]:
    """Every step came half way to the limit."""
    assert (sampled, groups, advantages, seconds) == (GROUPS, GROUPS, ADVANTAGES, {"rollout": 0.25})
    assert elapsed > 0
    return {"efficiency": 0.5, "efficiency/learn": 0.6}


HALF: Any = half


@pytest.fixture
def run(tmp_path: Path) -> Any:
    with RunWriter.create(tmp_path / "runs", "recipe: {}\n", {}) as writer:
        yield writer


def made(run: RunWriter, view: Any, clock: Clock, figures: Any = lambda groups, step: {}, checks: Any = ()) -> Recorder:
    return Recorder(run, view, clock, figures, HALF, HealthMonitor(run, view), checks)


def test_a_step_is_recorded_and_shown(run: RunWriter) -> None:
    lines, view = listening()
    clock = Clock()
    recorder = made(run, view, clock, lambda groups, step: {"rewards/r/mean": 2.0 + step, "own": 1.0})
    view.phase("GRPO", 4)
    (step, *rest) = recorder.steps(4)
    assert [step, *rest] == [0, 1, 2, 3]
    clock.seconds["rollout"] += 0.25
    logged = {"own": 5.0, "theirs": 6.0, "reward": -9.0, "dynamic/groups": -9.0, "grad_norm": -9.0}
    collected = Collected(GROUPS, logged, {"dynamic/groups": 7.0}, tokens=99)
    recorder.record(0, collected, ADVANTAGES, {"grad_norm": 0.5, "kl": 0.125})
    reader = RunReader(run.path)
    (metrics,) = reader.metrics()
    assert metrics["reward"] == 0.75, "what a function logs cannot pose as one of our figures"
    assert (metrics["own"], metrics["theirs"], metrics["rewards/r/mean"]) == (1.0, 6.0, 2.0)
    assert (metrics["dynamic/groups"], metrics["grad_norm"]) == (7.0, 0.5)
    assert metrics["completions/tokens"] == 12
    (timings,) = reader.timings()
    assert timings["seconds/rollout"] == 0.25
    assert timings["tokens_per_second"] == pytest.approx(99 / timings["step_time"]), "of all sampled"
    assert (timings["efficiency"], timings["efficiency/learn"]) == (0.5, 0.6)
    assert [r["advantage"] for r in reader.rollouts(0)] == [0.7, -0.7, 0.0, 0.0]
    assert lines[-1].startswith("[GRPO 1/4]  reward 0.75  signal 50 %  kl 0.125  length 3  truncated 0 %")
    assert "  50 % of the limit" in lines[-1]


def test_metrics_are_over_what_was_sampled_and_rollouts_those_learned_from(run: RunWriter) -> None:
    """Of the second group, of mean reward ¼, two are learned from; the third counts as work alone."""
    sampled = (group([1.0, 0.0], [3, 5]), group([1.0, 0.0, 0.0, 0.0], [2, 2, 4, 4]))
    dropped = (group([0.0, 0.0], [9, 9]),)
    collected = Collected((sampled[0], group([1.0, 0.0], [2, 2])), sampled=sampled, dropped=dropped)
    view, efficiency = listening()[1], cast(Any, lambda sampled, *_: {"efficiency": len(sampled) / 10})
    recorder = Recorder(
        run,
        view,
        Clock(),
        lambda groups, step: {"rewards/r/mean": float(len(groups[1].rollouts))},
        efficiency,
        HealthMonitor(run, view),
    )
    recorder.record(0, collected, [[0.7, -0.7], [0.7, -0.7]], {})
    reader = RunReader(run.path)
    (metrics,) = reader.metrics()
    assert metrics["reward"] == pytest.approx(2 / 6)
    assert metrics["completions/tokens"] == 20
    assert metrics["rewards/r/mean"] == 4
    assert len(reader.rollouts(0)) == 4
    (timings,) = reader.timings()
    assert timings["efficiency"] == 0.3


def test_the_clock_starts_anew_with_each_step(run: RunWriter) -> None:
    clock = Clock()
    for _ in made(run, listening()[1], clock).steps(3):
        assert clock.seconds == {}
        clock.seconds["rollout"] += 1.0


def test_a_step_is_on_disk_before_the_checks_that_may_end_the_run(run: RunWriter) -> None:
    """All of its figures are put to each of them, in order."""
    looked: list[Any] = []

    def odd(step: int, metrics: Any) -> None:
        looked.append((step, metrics["grad_norm"], metrics["reward"]))
        assert [line["step"] for line in RunReader(run.path).metrics()][-1] == step
        if step % 2:
            raise UserError(f"step {step}: odd")

    clock = Clock()
    recorder = made(run, listening()[1], clock, checks=(odd, lambda step, metrics: looked.append(step)))
    for step in recorder.steps(2):
        clock.seconds["rollout"] += 0.25
        if step:
            with pytest.raises(UserError, match="step 1: odd"):
                recorder.record(1, Collected(GROUPS), ADVANTAGES, {"grad_norm": float("nan")})
        else:
            recorder.record(0, Collected(GROUPS), ADVANTAGES, {"grad_norm": 0.5})
    assert [one if isinstance(one, int) else (one[0], one[2]) for one in looked] == [(0, 0.75), 0, (1, 0.75)]
    assert [line["step"] for line in RunReader(run.path).metrics()] == [0, 1]
    assert len(RunReader(run.path).rollouts(1)) == 4


def test_columns_of_tokens_reach_the_rollouts_and_speeds_the_watch(run: RunWriter) -> None:
    """Of the seconds of a step, grading is left out: half of them here, so that it was twice as fast."""
    told: list[tuple[float, ...]] = []
    clock = Clock()
    made_with = (run, listening()[1], clock, lambda groups, step: {}, lambda *_: {"efficiency": 0.25})
    recorder = Recorder(*made_with, HealthMonitor(run, listening()[1]), watch=lambda *speeds: told.append(speeds))
    clock.elapsed = lambda: 4.0  # type: ignore[method-assign]
    clock.seconds["grade"] = 2.0
    recorder.record(0, Collected(GROUPS, tokens=100), ADVANTAGES, {"grad_norm": 0.5}, lambda: {1: {"ratio": [1.5]}})
    assert told == [(0, pytest.approx(0.5), pytest.approx(50.0))]
    assert [record.get("ratio") for record in RunReader(run.path).rollouts(0)] == [None, [1.5], None, None]
