"""An eye on real runs of a tiny model, some of them spoiled on purpose."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from whet.api import train
from whet.build.policy import build_policy
from whet.build.roles import build_sampler
from whet.build.task import build_task
from whet.eval.evaluation import Evaluation
from whet.eval.record import Record
from whet.runs.reader import RunReader
from whet.runs.writer import RunWriter
from whet.stages.fine_tune import fine_tune
from whet.train_loop import parity
from whet.train_loop.health_monitor import HealthMonitor
from whet.train_loop.signals import Stop
from wiring import listening, shrunk, write_rewards

Tuned = Callable[..., tuple[set[str], list[str]]]
ROOMY = {"grpo.sampling.max_tokens": 100, "grpo.steps": 10}
"""A random model stops after about 40 tokens."""


@pytest.fixture
def tuned(tiny_folder: Path, tmp_path: Path) -> Tuned:
    """Runs GRPO on a tiny model with `digits` as the reward; the detectors that spoke, and every line that was said."""

    def run_it(
        changes: Mapping[str, Any], around: Callable[[Any], Any] = lambda sampler: sampler
    ) -> tuple[set[str], list[str]]:
        wanted = {"rewards": [f"{write_rewards(tmp_path)}:digits"], "grpo.group_size": 8, **changes}
        config = shrunk(tiny_folder, tmp_path, wanted)
        policy = build_policy(config, lambda text: None)
        lines, view = listening()
        with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
            sampler, task = around(build_sampler(config)), build_task(config, policy.tokenizer)
            fine_tune(policy, sampler, task, config, run, view, HealthMonitor(run, view), Stop())
        return {found["detector"] for found in RunReader(run.path).findings()}, lines

    return run_it


def test_a_healthy_run_is_left_in_peace(tuned: Tuned) -> None:
    told, lines = tuned({**ROOMY, "grpo.objective.beta": 0.01, "grpo.optimizer.learning_rate": 1e-3})
    assert told == set()
    assert not [line for line in lines if line.startswith("health")]


def test_too_few_tokens(tuned: Tuned) -> None:
    told, lines = tuned({"grpo.sampling.max_tokens": 6, "grpo.steps": 6})
    assert told == {"truncated"}
    (said,) = (line for line in lines if line.startswith("health"))
    assert said.endswith("To fix it: raise grpo.sampling.max_tokens")


def test_a_reward_that_is_always_the_same(tuned: Tuned, tmp_path: Path) -> None:
    (tmp_path / "same.py").write_text("def same(completions, **kwargs):\n    return [1.0] * len(completions)\n")
    told, _ = tuned({**ROOMY, "rewards": [f"{tmp_path}/same.py:same"]})
    assert told == {"no_signal"}


def test_a_learning_rate_a_hundred_times_too_high(tuned: Tuned) -> None:
    told, _ = tuned(
        {"grpo.steps": 12, "grpo.objective.beta": 0.01, "grpo.optimizer.learning_rate": 0.1},
    )
    assert "kl_runaway" in told


def test_a_reward_that_is_suddenly_a_hundred_times_larger(tuned: Tuned, tmp_path: Path) -> None:
    """Advantages that are not scaled grow with the reward, and the gradient with them."""
    (tmp_path / "jump.py").write_text(
        "def jump(completions, trainer_state, **kwargs):\n"
        "    texts = [completion[0]['content'] for completion in completions]\n"
        "    shares = [sum(letter in '0123456789' for letter in text) / max(len(text), 1) for text in texts]\n"
        "    return [share * (100 if trainer_state.global_step == 8 else 1) for share in shares]\n"
    )
    told, lines = tuned(
        {**ROOMY, "rewards": [f"{tmp_path}/jump.py:jump"], "grpo.objective.scale": "none"},
    )
    assert "gradient_spike" in told
    assert [line for line in lines if line.startswith("health: step 8") or "gradient's norm jumped" in line]


def test_all_answers_become_one(tuned: Tuned) -> None:
    told, _ = tuned({"grpo.steps": 30, "grpo.optimizer.learning_rate": 2e-2})
    assert "entropy_collapse" in told


def test_a_sampler_that_keeps_its_first_weights(tuned: Tuned, monkeypatch: pytest.MonkeyPatch) -> None:
    """π_old is loaded once and never again: what is sampled is no longer what the learner would say.

    The gate, which would end such a run in float32, is open here.
    """
    monkeypatch.setattr(parity, "GATES", {"float32": 100.0})

    class Stale:
        def __init__(self, sampler: Any) -> None:
            self.sampler, self.loaded = sampler, False

        def load(self, policy: Any) -> None:
            if not self.loaded:
                self.sampler.load(policy)
            self.loaded = True

        def generate(self, *args: Any) -> Any:
            return self.sampler.generate(*args)

        def release(self) -> None:
            pass

    changes = {**ROOMY, "grpo.optimizer.learning_rate": 1e-2}
    assert "sampler_drift" not in tuned(changes)[0]
    assert "sampler_drift" in tuned(changes, Stale)[0]


def evaluation(correct: int, lenient: int) -> Evaluation:
    given: dict[str, Any] = {"question": "?", "gold": "4", "response": "4", "answer": "4", "formatted": True}
    return Evaluation(
        tuple(
            Record(id=str(n), correct=n < correct, lenient=n < lenient, tokens=1, finish="stop", **given)
            for n in range(100)
        )
    )


def test_a_finding_is_said_and_kept(tmp_path: Path) -> None:
    lines, view = listening()
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        watch = HealthMonitor(run, view)
        watch.measured(evaluation(40, 80))
        watch.measured(evaluation(40, 80))
    (found,) = RunReader(run.path).findings()
    assert (found["detector"], found["figure"], found["threshold"]) == ("verifier_disagreement", 0.5, 0.15)
    assert set(found) == {"step", "detector", "figure", "threshold", "sentence", "fix"}
    assert lines == [f"health, step 0: {found['sentence']} To fix it: {found['fix']}"]


def test_a_run_that_goes_on_is_not_told_again_what_it_was_told(tmp_path: Path) -> None:
    """What would be found at the second measurement of two was found before; at a third it is nothing new."""
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        run.record_metrics("grpo", 0, {"reward": 1.0})
        run.record_evaluation("step-000001", [], evaluation(40, 80).summary())
        lines, view = listening()
        watch = HealthMonitor(run, view)
        watch.begin(evaluation(40, 80), RunReader(run.path), 1)
        watch.measured(evaluation(40, 80))
        assert (lines, RunReader(run.path).findings()) == ([], [])
        anew = HealthMonitor(run, view)
        anew.begin(evaluation(40, 80), RunReader(run.path), 0)
        anew.measured(evaluation(40, 80))
        assert [found["detector"] for found in RunReader(run.path).findings()] == ["verifier_disagreement"]


def test_a_whole_run_is_watched_from_its_first_measurement_on(tiny_folder: Path, tmp_path: Path) -> None:
    lines, view = listening()
    config = shrunk(tiny_folder, tmp_path, {"grpo.steps": 6, "grpo.sampling.max_tokens": 4, "sft.when": "never"})
    run = RunReader(train(config, view=view).path)
    told = run.findings()
    assert "truncated" in {found["detector"] for found in told}
    assert all(f"health, step {found['step']}: {found['sentence']}" in run.log() for found in told)
    assert all(any(found["sentence"] in line for line in lines) for found in told)
