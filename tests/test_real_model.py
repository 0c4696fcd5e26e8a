"""The real SmolLM2-135M-Instruct on real rows: minutes on a CPU."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from whet.api import train
from whet.config import RewardConfig
from whet.recipe import load_recipe
from whet.runs.reader import RunReader
from whet.runs.views.view import PlainView
from whet.stages.run_result import RunResult
from wiring import status

CHANGES = {
    "sft.when": "never",
    "check.problems": 4,
    "check.samples": 2,
    "grpo.steps": 3,
    "grpo.prompts_per_step": 2,
    "grpo.group_size": 4,
    "grpo.sampling.max_tokens": 96,
    "eval.problems": 8,
}


@pytest.mark.slow
@pytest.mark.model
def test_gsm8k_for_three_steps_by_overrides_alone(shared: Path, tmp_path: Path) -> None:
    """A shipped recipe, another model and another data set: only overrides."""
    data = f"{{name: gsm8k, path: {shared / 'gsm8k'}}}"
    changes = {**CHANGES, "data.train": data, "format": "gsm8k", "run.folder": tmp_path}
    words = [word for key, value in changes.items() for word in (f"--{key}", str(value))]
    assert status("train", "quickstart", *words) == 0
    (run,) = tmp_path.iterdir()
    metrics = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in metrics if line["phase"] == "grpo"] == [0, 1, 2]
    assert all(line["completions/tokens"] > 0 for line in metrics)
    assert (run / "final" / "model.safetensors").is_file()


STRICT = {
    "rewards": [{"name": "accuracy"}, {"name": "format_strict", "weight": 0.1}],
    "check.problems": 24,
    "eval.problems": 128,
}
"""Both rewards want the tags, which the base model never writes."""


def written(path: Path, rows: Sequence[Mapping[str, str]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def whole_way(folder: Path, changes: Mapping[str, Any]) -> tuple[RunResult, RunReader]:
    config = load_recipe("quickstart", {**STRICT, "run.folder": str(folder), **changes})
    outcome = train(config, view=PlainView(print))
    return outcome, RunReader(outcome.path)


@pytest.mark.slow
@pytest.mark.model
def test_rewards_too_strict_to_learn_from_bring_a_warm_start(tmp_path: Path) -> None:
    """The check names the cause, imitation teaches the layout, and reinforcement has something to tell apart."""
    changes = {"sft.when": "auto", "sft.steps": 40, "grpo.steps": 5}
    outcome, run = whole_way(tmp_path, changes)
    assert outcome.report.probe.signal == 0
    assert (outcome.report.diagnosis.cause, outcome.report.diagnosis.warm_start) == ("wrong_format", True)
    assert len(run.metrics("sft")) > 0
    steps = run.metrics()
    assert len(steps) == 5
    assert all(step["frac_reward_zero_std"] < 1 for step in steps)
    base, final = outcome.evaluations["base"].summary(), outcome.evaluations["final"].summary()
    assert final["accuracy_interval"][0] > base["accuracy_interval"][1]


@pytest.mark.slow
@pytest.mark.model
def test_without_solutions_the_suggested_fix_is_applied(tmp_path: Path) -> None:
    """Nothing to imitate: right answers are paid for wherever they stand, and become more."""
    sums = [{"question": f"What is {a} + {b}?", "answer": str(a + b)} for a in range(40) for b in range(1, 10)]
    random.Random(0).shuffle(sums)
    changes = {
        "data.train": {"name": written(tmp_path / "train.jsonl", sums[128:])},
        "data.test": {"name": written(tmp_path / "test.jsonl", sums[:128])},
        "check.fix": "apply",
        "grpo.steps": 12,
        "grpo.prompts_per_step": 8,
        "grpo.sampling.max_tokens": 40,
        "grpo.optimizer.learning_rate": 5e-5,
    }
    outcome, run = whole_way(tmp_path / "runs", changes)
    found = outcome.report.diagnosis
    assert (found.cause, found.warm_start, found.easier) == ("wrong_format", False, "anywhere")
    assert (
        RewardConfig(name="accuracy", weight=0.5, params={"lenient": True})
        in load_recipe(run.path / "recipe.yaml").rewards
    )
    assert run.metrics("sft") == []
    assert all(step["frac_reward_zero_std"] < 1 for step in run.metrics())
    base, final = outcome.evaluations["base"].summary(), outcome.evaluations["final"].summary()
    assert final["lenient_interval"][0] > base["lenient_interval"][1]
