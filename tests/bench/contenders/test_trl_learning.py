"""The same by TRL: the same prompts and rewards, the recipe in TRL's words."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.contenders import trl_learning
from whet.recipe import load_recipe


def test_the_recipe_in_trls_words() -> None:
    found = trl_learning.settings(load_recipe("quickstart", {"grpo.steps": 5}))
    assert found["max_steps"] == 5
    assert found["per_device_train_batch_size"] * found["gradient_accumulation_steps"] == 16 * 8
    assert found["num_generations"] == 8
    assert found["max_completion_length"] == 56
    assert found["loss_type"] == "dapo"
    assert (found["learning_rate"], found["warmup_steps"]) == (1e-5, 2)
    assert (found["adam_beta1"], found["adam_beta2"]) == (0.9, 0.99)
    assert found["lr_scheduler_type"] == "constant_with_warmup"


def test_seconds_rewards_and_weights_of_every_step(small: dict[str, Any]) -> None:
    pytest.importorskip("trl")
    found = trl_learning.main(small)
    assert len(found["seconds"]) == len(found["rewards"]) == len(found["tokens"]) == 2
    assert all(0 <= reward <= 1.1 for reward in found["rewards"])
    assert [step for step, _ in found["snapshots"]] == [1, 2]
    assert all((Path(folder) / "model.safetensors").exists() for _, folder in found["snapshots"])
