"""Every rollout of a step as plain records."""

from dataclasses import replace

import pytest

from whet.runs.records import rollout_records
from whet.types import Group, Problem, Prompt, Reward, Rollout


def group(identity: str, *rewards: float | None) -> Group:
    problem = Problem(identity, f"{identity}?", "2")
    rollouts = tuple(Rollout((7, i), (-0.5, -0.25), f"text {i}", "stop") for i in range(len(rewards)))
    graded = tuple(Reward(total, {"accuracy": total}) for total in rewards)
    return Group(Prompt(problem, (), (1, 2)), rollouts, graded)


def test_each_rollout_is_one_record_with_all_that_is_known_of_it() -> None:
    records = list(rollout_records(4, [group("a", 1.0, 0.0), group("b", None)], [[0.7, -0.7], [0.0]], {}))
    assert [(r["problem"], r["group"], r["sample"], r["reward"], r["advantage"]) for r in records] == [
        ("a", 0, 0, 1.0, 0.7),
        ("a", 0, 1, 0.0, -0.7),
        ("b", 1, 0, None, 0.0),
    ]
    assert records[1] == {
        "step": 4,
        "group": 0,
        "sample": 1,
        "problem": "a",
        "question": "a?",
        "gold": "2",
        "text": "text 1",
        "finish": "stop",
        "reward": 0.0,
        "parts": {"accuracy": 0.0},
        "advantage": -0.7,
        "tokens": [7, 1],
        "logprobs": [-0.5, -0.25],
    }


@pytest.mark.parametrize("advantages", [[], [[0.1]], [[0.1, 0.2], [0.3]]])
def test_advantages_must_match_the_rollouts(advantages: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="zip"):
        list(rollout_records(0, [group("a", 1.0, 0.0)], advantages, {}))


def test_a_replayed_rollout_says_so() -> None:
    whole = group("a", 1.0, 0.0)
    rollouts = (whole.rollouts[0], replace(whole.rollouts[1], replayed=True))
    fresh, replayed = rollout_records(0, [replace(whole, rollouts=rollouts)], [[0.0, 0.0]], {})
    assert "replayed" not in fresh
    assert replayed["replayed"] is True


def test_columns_of_tokens_stand_with_the_rollout_of_that_place() -> None:
    """Of three rollouts in two groups, the third."""
    groups = [group("a", 1.0, 0.0), group("b", None)]
    records = list(rollout_records(0, groups, [[0.7, -0.7], [0.0]], {2: {"ratio": [1.5, None]}}))
    assert [record.get("ratio") for record in records] == [None, None, [1.5, None]]
