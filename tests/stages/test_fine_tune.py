"""GRPO as a stage: what is recorded of a step, and what happens after it."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from batches import group
from whet.build import build_policy, build_task
from whet.config import WeightConfig
from whet.config.objective import ROWS
from whet.eval.evaluate import Evaluation
from whet.eval.record import Record
from whet.policy.checkpoint import load_checkpoint, what_is_wrong
from whet.rewards.mixture import Mixture, Part
from whet.runs.reader import RunReader
from whet.runs.writer import RunWriter
from whet.stages import fine_tune as stage
from whet.stages.clock import Clock
from whet.stages.fine_tune import Milestones, Recorder, fine_tune, graded
from wiring import listening, shrunk, write_rewards

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
    assert lines[-1].startswith("[GRPO 1/4]  reward 0.75  signal 50 %  kl 0.125  length 3  cut off 0 %")
    assert "  50 % of the limit" in lines[-1]


def test_the_clock_starts_anew_with_each_step(run: RunWriter) -> None:
    clock = Clock()
    for _ in Recorder(run, listening()[1], clock, lambda step, groups: {}, HALF).steps(3):
        assert clock.seconds == {}
        clock.seconds["rollout"] += 1.0


def test_each_reward_function_has_its_figures_in_a_step() -> None:
    def logging(log_metric: Any, completions: list[Any], **columns: Any) -> list[float]:
        log_metric("rewards/logging/mean", -9.0)
        log_metric("own", 3.0)
        return [1.0] * len(completions)

    mixture = Mixture([Part("logging", logging, WeightConfig(start=1, end=0, steps=10), full_mark=1.0)])
    groups = mixture.grade([GROUPS[0].prompt], [GROUPS[0].rollouts], step=5)
    assert graded(mixture, lambda: {"dynamic/groups": 7.0}, 5, groups) == {
        "dynamic/groups": 7.0,
        "own": 3.0,
        "rewards/logging/mean": 1.0,
        "rewards/logging/std": 0.0,
        "rewards/logging/full_ratio": 1.0,
        "rewards/logging/none_ratio": 0.0,
        "rewards/logging/weight": 0.5,
    }


def evaluation(correct: int) -> Evaluation:
    given: dict[str, Any] = {"question": "?", "gold": "4", "response": "4", "answer": "4", "formatted": True}
    return Evaluation(
        tuple(
            Record(id=str(n), correct=n < correct, lenient=n < correct, tokens=1, finish="stop", **given)
            for n in range(10)
        )
    )


class Adam:
    """Stands for an optimizer: what it holds tells when it was asked."""

    def tensors(self) -> dict[str, Any]:
        import torch

        return {"master.0": torch.zeros(2)}


def milestones(
    run: RunWriter, folder: Path, monkeypatch: pytest.MonkeyPatch, accuracy: dict[int, int], changes: dict[str, Any]
) -> tuple[Milestones, list[str]]:
    """Milestones of a training whose held-out accuracy after each step is given."""
    config = shrunk(folder, run.path, changes)
    lines, view = listening()
    measured: Any = lambda policy, exam, config, view, title: evaluation(accuracy[int(title.split()[-1])])  # noqa: E731
    monkeypatch.setattr(stage, "measure", measured)
    policy: Any = SimpleNamespace()
    task: Any = SimpleNamespace(exam=None)
    return Milestones(policy, Adam(), task, config, run, view), lines


def kept(run: RunWriter) -> list[int]:
    return sorted(int(path.name.removeprefix("step-")) for path in run.checkpoints.glob("step-*"))


@pytest.mark.parametrize(
    ("changes", "evaluated", "saved"),
    [
        ({}, [], []),
        ({"eval.every": 3}, [3, 6, 9], []),
        ({"run.save_every": 4, "run.keep": 9}, [], [4, 8]),
        ({"run.save_every": 5, "run.keep": 9}, [], [5, 10]),
        ({"eval.every": 5}, [5], []),  # after the last step the result is measured anyway
        ({"run.save_every": 2}, [], [8, 10]),
        ({"run.save_every": 2, "run.keep": 1}, [], [10]),
    ],
)
def test_each_when_it_is_due(
    run: RunWriter,
    tiny_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    evaluated: list[int],
    saved: list[int],
) -> None:
    accuracy = dict.fromkeys(range(1, 11), 0) | {3: 5}
    after, _ = milestones(run, tiny_folder, monkeypatch, accuracy, {"grpo.steps": 10, **changes})
    for step in range(10):
        after(step)
    assert list(RunReader(run.path).evaluations()) == [f"step-{done:06d}" for done in evaluated]
    assert kept(run) == saved


def test_the_best_is_kept_beside_the_newest(run: RunWriter, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"grpo.steps": 20, "eval.every": 2, "run.save_every": 2, "run.keep": 2}
    accuracy = {done: {6: 8, 12: 7}.get(done, 3) for done in range(1, 21)}
    after, _ = milestones(run, tiny_folder, monkeypatch, accuracy, changes)
    for step in range(19):
        after(step)
    assert kept(run) == [6, 16, 18]
    assert all(not what_is_wrong(path) for path in run.checkpoints.iterdir())
    assert load_checkpoint(run.checkpoints / "step-18").state == {"step": 18, "best": [0.8, 6]}


def test_the_best_is_kept_though_no_checkpoint_was_due(
    run: RunWriter, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evaluated every 3 steps, saved every 5: the best, after step 9, gets a checkpoint of its own."""
    changes = {"grpo.steps": 20, "eval.every": 3, "run.save_every": 5, "run.keep": 1}
    accuracy = {done: {3: 2, 6: 2, 9: 9}.get(done, 1) for done in range(1, 21)}
    after, _ = milestones(run, tiny_folder, monkeypatch, accuracy, changes)
    for step in range(20):
        after(step)
    assert kept(run) == [9, 20]


def test_of_equals_the_latest_is_the_best(run: RunWriter, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"grpo.steps": 9, "eval.every": 2, "run.save_every": 2, "run.keep": 1}
    after, _ = milestones(run, tiny_folder, monkeypatch, dict.fromkeys(range(10), 4), changes)
    for step in range(9):
        after(step)
    assert after.best == (0.4, 8)
    assert kept(run) == [8]


def test_what_is_measured_is_watched(run: RunWriter, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accuracy falls from 100 % to none of 10 problems while the reward rises."""
    after, lines = milestones(run, tiny_folder, monkeypatch, {3: 10, 6: 0}, {"grpo.steps": 9, "eval.every": 3})
    half: Any = lambda *of_a_step: {"efficiency": 0.5}  # noqa: E731
    recorder = Recorder(run, listening()[1], Clock(), lambda step, groups: {}, half, after.watch)
    for step, right in enumerate([0, 0, 0, 1, 1, 1]):
        recorder.record(step, [group([right, right], [2, 2])], [[0.0, 0.0]], {})
        after(step)
    assert [(found["step"], found["detector"]) for found in RunReader(run.path).findings()] == [(5, "reward_hacking")]
    assert any("held-out accuracy fell from 100 % to 0 %" in line for line in lines)


def test_the_view_goes_back_to_the_training(run: RunWriter, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    after, lines = milestones(run, tiny_folder, monkeypatch, {1: 0}, {"grpo.steps": 2, "eval.every": 1})
    after(0)
    assert lines == ["[GRPO]"]


def tuned(folder: Path, tmp_path: Path, name: str, changes: dict[str, Any]) -> tuple[Any, RunReader, list[str]]:
    config = shrunk(folder, tmp_path, {"rewards": [f"{write_rewards(tmp_path)}:digits"], **changes})
    policy = build_policy(config, lambda text: None)
    lines, view = listening()
    with RunWriter.create(tmp_path, "recipe: {}\n", {}, name=name) as run:
        fine_tune(policy, build_task(config, policy.tokenizer), config, run, view)
    return policy, RunReader(run.path), lines


def test_the_policy_learns_and_every_step_is_told(tiny_folder: Path, tmp_path: Path) -> None:
    changes = {"grpo.steps": 12, "grpo.group_size": 8, "grpo.optimizer.learning_rate": 3e-3}
    _, run, lines = tuned(tiny_folder, tmp_path, "learns", changes)
    rewards = [line["reward"] for line in run.metrics()]
    assert sum(rewards[-3:]) > 1.5 * sum(rewards[:3]), "digits become likelier"
    assert [line["learning_rate"] for line in run.metrics()] == [3e-3] * 12
    assert lines[0] == "[GRPO]"
    steps = [line for line in lines[1:] if line.startswith("[")]
    assert [line.split("]")[0].split()[-1] for line in steps] == [f"{n}/12" for n in range(1, 13)]
    assert all("seconds/rollout" in line and "seconds/grade" in line for line in run.timings())
    assert all(0 < line["efficiency"] < 1 for line in run.timings()), "nothing is faster than the machine"
    assert all(0 < line["efficiency/rollout"] < 1 for line in run.timings())


def test_micro_batches_change_nothing(tiny_folder: Path, tmp_path: Path) -> None:
    whole, split = (
        tuned(tiny_folder, tmp_path, name, {"grpo.micro_batch_tokens": tokens, "grpo.objective.beta": 0.1})[1].metrics()
        for name, tokens in (("whole", 4096), ("split", 1))
    )
    for one, other in zip(whole, split, strict=True):
        assert one["grad_norm"] == pytest.approx(other["grad_norm"], rel=1e-4)
        assert one["reward"] == other["reward"]


def test_several_passes_over_a_batch(tiny_folder: Path, tmp_path: Path) -> None:
    once, twice = (
        tuned(tiny_folder, tmp_path, f"mu{mu}", {"grpo.objective.iterations": mu, "grpo.steps": 1}) for mu in (1, 2)
    )
    batches = [run.rollouts(0) for _, run, _ in (once, twice)]
    assert batches[0] == batches[1]
    weights = [dict(policy.model.named_parameters()) for policy, _, _ in (once, twice)]
    assert any(not weight.equal(weights[1][name]) for name, weight in weights[0].items())


@pytest.mark.parametrize("name", sorted(ROWS))
def test_every_named_objective_takes_a_step(tiny_folder: Path, tmp_path: Path, name: str) -> None:
    """With a reference: the KL is measured where it goes, and weights move."""
    changes = {"grpo.objective.name": name, "grpo.objective.beta": 0.05, "grpo.steps": 1}
    _, run, _ = tuned(tiny_folder, tmp_path, name, changes)
    (line,) = run.metrics()
    assert line["grad_norm"] > 0
    assert ("kl" in line, "rewards/kl/mean" in line) == (name != "rloo", name == "rloo")


def test_every_other_choice_takes_steps(tiny_folder: Path, tmp_path: Path) -> None:
    choices = {
        "mask_truncated": True,
        "entropy_bonus": 0.01,
        "importance": "sequence_truncate",
        "combine": "normalise_then_sum",
        "clip_dual": 4.0,
        "iterations": 2,
    }
    changes = {f"grpo.objective.{name}": value for name, value in choices.items()}
    _, run, _ = tuned(tiny_folder, tmp_path, "all", {**changes, "grpo.steps": 2, "grpo.group_size": 8})
    for line in run.metrics():
        assert line["sampler/importance_mean"] == pytest.approx(1.0, abs=1e-3)
        assert math.isfinite(line["grad_norm"])


@pytest.mark.parametrize(("top_p", "warned"), [(0.9, True), (1.0, False)])
def test_a_cut_distribution_is_warned_of(tiny_folder: Path, tmp_path: Path, top_p: float, warned: bool) -> None:
    changes = {"grpo.sampling.top_p": top_p, "grpo.steps": 1}
    _, _, lines = tuned(tiny_folder, tmp_path, f"top-{top_p}", changes)
    assert ("grpo.sampling.top_p is 0.9: anything under 1 biases the gradient" in lines) is warned
