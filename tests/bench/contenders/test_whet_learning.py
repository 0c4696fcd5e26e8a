"""A recipe's GRPO by Whet, watched."""

from pathlib import Path
from typing import Any

from benchmarks.contenders.whet_learning import main


def test_seconds_rewards_and_weights_of_every_step(small: dict[str, Any]) -> None:
    found = main(small)
    assert len(found["seconds"]) == len(found["rewards"]) == len(found["tokens"]) == 2
    assert all(inside < whole for inside, whole in zip(found["rollout"], found["seconds"], strict=True))
    assert all(0 <= reward <= 1.1 for reward in found["rewards"])
    assert [step for step, _ in found["snapshots"]] == [1, 2]
    assert all((Path(folder) / "model.safetensors").exists() for _, folder in found["snapshots"])
