"""GRPO as a stage: what is recorded of a step, and what happens after it."""

import math
from pathlib import Path
from typing import Any

import pytest

from whet.build.policy import build_policy
from whet.build.roles import build_sampler
from whet.build.task import build_task
from whet.config.objectives import ROWS
from whet.runs.reader import RunReader
from whet.runs.writer import RunWriter
from whet.stages.fine_tune import fine_tune
from whet.train_loop.health_monitor import HealthMonitor
from whet.train_loop.signals import Stop
from wiring import listening, shrunk, write_rewards


def tuned(folder: Path, tmp_path: Path, name: str, changes: dict[str, Any]) -> tuple[Any, RunReader, list[str]]:
    config = shrunk(folder, tmp_path, {"rewards": [f"{write_rewards(tmp_path)}:digits"], **changes})
    policy = build_policy(config, lambda text: None)
    lines, view = listening()
    with RunWriter.create(tmp_path, "recipe: {}\n", {}, name=name) as run:
        sampler, task = build_sampler(config), build_task(config, policy.tokenizer)
        fine_tune(policy, sampler, task, config, run, view, HealthMonitor(run, view), Stop())
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
    first, second = ([dict(record) for record in run.rollouts(0)] for _, run, _ in (once, twice))
    ratios = [record.pop("ratio") for record in second if "ratio" in record]
    assert ratios, "the second pass found a moved policy"
    assert all("ratio" not in record for record in first), "the first one the policy that sampled"
    assert [{**record, "clipped": None} for record in first] == [{**record, "clipped": None} for record in second]
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
        "importance": "sequence",
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


LOGGING = """
def logging(log_metric, completions, **columns):
    log_metric("rewards/logging/mean", -9.0)
    log_metric("dynamic/groups", -9.0)
    log_metric("own", 3.0)
    log_metric("own", 5.0)
    return [1.0] * len(completions)
"""


def test_each_reward_function_has_its_figures_in_a_step(tiny_folder: Path, tmp_path: Path) -> None:
    """Of what it logs the mean, over every round of the step; none of it can pose as a figure of ours."""
    (tmp_path / "own.py").write_text(LOGGING, encoding="utf-8")
    reward = {"name": f"{tmp_path / 'own.py'}:logging", "weight": {"start": 1, "end": 0, "steps": 2}}
    changes = {"rewards": [reward], "grpo.steps": 2, "grpo.draws": 2}
    _, run, _ = tuned(tiny_folder, tmp_path, "figures", changes)
    for line, weight in zip(run.metrics(), (1.0, 0.5), strict=True):
        assert line["own"] == 4.0
        assert line["dynamic/groups"] == 4.0, "no group has a signal, so the reserve is asked as well"
        assert {name: value for name, value in line.items() if name.startswith("rewards/")} == {
            "rewards/logging/mean": 1.0,
            "rewards/logging/std": 0.0,
            "rewards/logging/none_ratio": 0.0,
            "rewards/logging/weight": weight,
        }


def test_the_seconds_of_a_step_are_known_by_phase(tiny_folder: Path, tmp_path: Path) -> None:
    _, run, _ = tuned(tiny_folder, tmp_path, "timed", {"grpo.objective.beta": 0.1, "grpo.steps": 2})
    for line in run.timings():
        phases = {name: value for name, value in line.items() if name.startswith("seconds/")}
        assert set(phases) == {"seconds/rollout", "seconds/grade", "seconds/reference"}
        assert all(value > 0 for value in phases.values())
        assert sum(phases.values()) < line["step_time"]


def test_full_marks_are_those_of_the_step(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weight of the format falls from 1 to 0; of a function of the user's own the most is not known."""

    class BuiltError(Exception):
        """Ends a run once its parts are to be put together."""

    given: list[Any] = []

    def build(config: Any, **parts: Any) -> Any:
        given.append(parts["full_marks"])
        raise BuiltError

    monkeypatch.setattr("whet.stages.fine_tune.build_experience", build)
    falls = {"name": "format_soft", "weight": {"start": 1, "end": 0, "steps": 50}}
    for name, rewards in {"known": ["accuracy", falls], "unknown": [f"{write_rewards(tmp_path)}:digits"]}.items():
        with pytest.raises(BuiltError):
            tuned(tiny_folder, tmp_path, name, {"rewards": rewards})
    known, unknown = given
    assert [known(step) for step in (0, 25, 50, 99)] == [2.0, 1.5, 1.0, 1.0]
    assert (unknown(0), unknown(50)) == (1.0, 1.0)
