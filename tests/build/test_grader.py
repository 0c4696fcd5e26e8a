"""The recipe's rewards become one grader."""

from pathlib import Path

from batches import prompt
from whet.build.grader import build_reward
from whet.formats import build_format
from whet.types import Rollout
from wiring import shrunk


def test_the_reward_is_the_weighted_sum(tiny_folder: Path, tmp_path: Path) -> None:
    asked = [{"name": "accuracy", "weight": 2.0}, {"name": "format_soft", "weight": 0.25}]
    config = shrunk(tiny_folder, tmp_path, {"rewards": asked})
    mixture = build_reward(config, build_format(config.format))
    question = prompt("1", (1, 2), answer="7")
    texts = ["<think>a</think> <answer>7</answer>", "<think>a</think> <answer>8</answer>", "7"]
    (group,) = mixture.grade([question], [[Rollout((1,), (-1.0,), text, "stop") for text in texts]]).groups
    assert [reward.total for reward in group.rewards] == [2.25, 0.25, 0.0]
    assert mixture.full_marks == 2.25
