"""Replay by hand-made groups: what is kept, what is put where, and what everything else sees of it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from batches import prompt
from whet.batch import collate
from whet.config import ReplayConfig
from whet.grpo.metrics import group_metrics
from whet.grpo.replay import Replay
from whet.types import ComparisonTimeout, Failure, Graded, Group, Outputs, Problem, Prompt, Reward, Rollout


def said(text: str, logprob: float = -1.0) -> Rollout:
    """A response of as many tokens as letters."""
    return Rollout(tuple(map(ord, text)), (logprob,) * len(text), text, "stop")


class World:
    """A response is worth its weights' sum of being right and of being loud."""

    def __init__(self) -> None:
        self.weights = {"accuracy": 1.0}

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        groups = (
            Group(one, tuple(some), tuple(self.worth(text.text) for text in some))
            for one, some in zip(prompts, outputs, strict=True)
        )
        return Graded(tuple(groups), {"step": [float(step)]}, {"of/another": 1.0}, (Failure("loud", None, None, "no"),))

    def worth(self, text: str) -> Reward:
        parts = {"accuracy": float(text.startswith("right")), "loud": float(text.endswith("!"))}
        parts = {name: value for name, value in parts.items() if name in self.weights}
        return Reward(sum(self.weights[name] * value for name, value in parts.items()), parts, dict(self.weights))


def is_right(rollout: Rollout, reward: Reward, problem: Problem) -> bool:
    return rollout.text.startswith("right")


def replay(**settings: Any) -> Replay:
    return Replay(World(), is_right, ReplayConfig(**settings))


def step(memory: Replay, index: int, *responses: str, name: str = "p") -> Group:
    """The group that a step of one problem ends with; log π_old is −index at every token."""
    (group,) = graded(memory, index, *responses, name=name).groups
    return group


def graded(memory: Replay, index: int, *responses: str, name: str = "p") -> Graded:
    return memory.grade([prompt(name)], [[said(text, -float(index)) for text in responses]], index)


def figures(memory: Graded) -> dict[str, float]:
    return {name: value for name, value in memory.metrics.items() if name.startswith("replay/")}


def texts(group: Group) -> list[str]:
    return [rollout.text for rollout in group.rollouts]


def test_a_group_without_a_signal_gets_the_right_response_of_an_earlier_step() -> None:
    memory = replay()
    assert texts(step(memory, 3, "right a", "no", "no", "no")) == ["right a", "no", "no", "no"]
    again = graded(memory, 5, "w1", "w2", "w3", "w4")
    (group,) = again.groups
    assert texts(group) == ["w1", "w2", "w3", "right a"]
    assert [reward.total for reward in group.rewards] == [0.0, 0.0, 0.0, 1.0]
    assert group.has_signal
    assert [rollout.replayed for rollout in group.rollouts] == [False, False, False, True]
    assert group.rollouts[3].logprobs == (-3.0,) * len("right a"), "log π_old is that of the step that sampled it"
    assert figures(again) == {"replay/rollouts": 1.0, "replay/age": 2.0, "replay/problems": 1.0}


def test_a_group_with_a_signal_is_left_alone() -> None:
    memory = replay()
    step(memory, 0, "right a", "no", "no", "no")
    again = graded(memory, 1, "no", "right b", "no", "no")
    assert texts(again.groups[0]) == ["no", "right b", "no", "no"]
    assert again.metrics["replay/rollouts"] == 0


def test_another_problem_gets_nothing() -> None:
    memory = replay()
    step(memory, 0, "right a", "no", "no", "no")
    assert not step(memory, 1, "no", "no", "no", "no", name="q").has_signal


def test_the_newest_is_taken() -> None:
    memory = replay()
    for index, text in enumerate(["right a", "right b", "right c"]):
        step(memory, index, text, "no", "no", "no", "no", "no", "no", "no")
    assert texts(step(memory, 3, *["no"] * 8))[-1] == "right c"
    assert [one.rollout.text for one in memory.kept["p"]] == ["right b", "right c"], "two a problem"


@pytest.mark.parametrize(("right", "kept"), [(1, True), (2, True), (3, False), (8, False)])
def test_only_rare_problems_are_kept(right: int, kept: bool) -> None:
    """Of eight responses a quarter is two."""
    memory = replay()
    step(memory, 0, *["right"] * right, *["no"] * (8 - right))
    assert bool(memory.kept) is kept


def test_what_is_mastered_is_let_go() -> None:
    """1 of 8, then 5 of 16: more than a quarter."""
    memory = replay()
    step(memory, 0, "right a", *["no"] * 7)
    assert list(memory.kept) == ["p"]
    step(memory, 1, *["right"] * 4, *["no"] * 4)
    assert memory.seen == {"p": (5, 16)}
    assert memory.kept == {}


def test_where_all_are_right_a_right_one_teaches_nothing() -> None:
    memory = replay(pass_rate=1.0)
    step(memory, 0, "right a", "no")
    assert texts(step(memory, 1, "right b", "right c")) == ["right b", "right c"]


def test_what_is_replayed_is_not_counted_again() -> None:
    memory = replay()
    step(memory, 0, "right a", *["no"] * 7)
    step(memory, 1, *["no"] * 8)
    assert memory.seen == {"p": (1, 16)}
    assert [one.step for one in memory.kept["p"]] == [0]


def test_the_problem_without_news_goes_first() -> None:
    memory = replay(capacity=2)
    for index, name in enumerate(["a", "b", "a", "c"]):
        step(memory, index, "right", *["no"] * 7, name=name)
    assert list(memory.kept) == ["a", "c"]


def test_a_reward_counts_at_the_weights_of_its_new_step() -> None:
    """Loudness was worth 2 when it was sampled, and is worth ½ now."""
    world = World()
    memory = Replay(world, is_right, ReplayConfig())
    world.weights = {"accuracy": 1.0, "loud": 2.0}
    step(memory, 0, "right!", *["no"] * 7)
    world.weights = {"accuracy": 1.0, "loud": 0.5}
    group = step(memory, 1, *["no"] * 8)
    assert group.rewards[-1] == Reward(1.5, {"accuracy": 1.0, "loud": 1.0})
    assert group.rewards[-1].weights == {"accuracy": 1.0, "loud": 0.5}


def test_a_right_response_that_earns_no_more_is_not_put_in() -> None:
    world = World()
    memory = Replay(world, is_right, ReplayConfig())
    step(memory, 0, "right", *["no"] * 7)
    world.weights = {"accuracy": 0.0, "loud": 1.0}
    assert not step(memory, 1, *["no"] * 8).has_signal


def test_where_no_reward_applies_there_is_nothing_to_compare_with() -> None:
    memory = replay()
    step(memory, 0, "right", *["no"] * 7)
    memory.grader.worth = lambda text: Reward(None)  # type: ignore[attr-defined]
    assert texts(step(memory, 1, "no", "no")) == ["no", "no"]


def test_the_memory_outlives_a_stop() -> None:
    memory, again = replay(), replay()
    for index, name in enumerate(["a", "b", "a"]):
        step(memory, index, "right a", *["no"] * 7, name=name)
    again.load_state_dict(json.loads(json.dumps(memory.state_dict(), allow_nan=False)))
    assert (again.seen, again.kept, list(again.kept)) == (memory.seen, memory.kept, list(memory.kept))
    assert all(isinstance(one.rollout.tokens, tuple) for some in again.kept.values() for one in some)
    first, second = (graded(one, 9, *["no"] * 8, name="b") for one in (memory, again))
    assert first == second
    assert figures(first)["replay/rollouts"] == 1.0
    assert memory.state_dict() == again.state_dict()


def test_a_loss_mask_outlives_a_stop() -> None:
    """What a tool wrote stays out of the loss when it is replayed, also in another process."""
    memory, again = replay(), replay()
    written = replace(said("right"), loss_mask=(True, True, False, False, True))
    memory.grade([prompt("p")], [[written, *[said("no")] * 7]], 0)
    again.load_state_dict(json.loads(json.dumps(memory.state_dict())))
    groups = [step(one, 1, *["no"] * 8) for one in (memory, again)]
    assert groups[0] == groups[1]
    assert groups[0].rollouts[-1] == replace(written, replayed=True)
    assert collate(groups[:1], [[0.0] * 8]).loss_lengths_B.tolist() == [2] * 7 + [3]


def test_rounds_of_a_step_are_told_together() -> None:
    """Both problems get the response of step 2: ages of 3 and 3; the next step begins anew."""
    memory = replay()
    for name in "pq":
        step(memory, 2, "right", *["no"] * 7, name=name)
    told = [figures(graded(memory, 5, *["no"] * 8, name=name)) for name in "pq"]
    assert [one["replay/rollouts"] for one in told] == [1.0, 2.0]
    assert told[1]["replay/age"] == 3.0
    assert figures(graded(memory, 6, *["no"] * 8, name="r"))["replay/rollouts"] == 0.0


def test_what_grading_said_besides_is_passed_on() -> None:
    found = graded(replay(), 4, "no", "no")
    assert found.logged == {"step": [4.0]}
    assert found.failures == (Failure("loud", None, None, "no"),)
    assert found.metrics["of/another"] == 1.0


def test_right_is_said_of_each_rollout_with_its_reward_and_its_problem() -> None:
    """As it was graded: what is replayed in its place is not asked about again."""
    asked: list[tuple[str, float | None, str]] = []

    def by_reward(rollout: Rollout, reward: Reward, problem: Problem) -> bool:
        asked.append((rollout.text, reward.parts["accuracy"], problem.id))
        return reward.parts["accuracy"] == 1.0

    memory = Replay(World(), by_reward, ReplayConfig())
    step(memory, 0, "right a", *["no"] * 7)
    assert asked == [("right a", 1.0, "p"), *[("no", 0.0, "p")] * 7]
    assert texts(step(memory, 1, *["w"] * 8)) == [*["w"] * 7, "right a"]
    assert asked[8:] == [("w", 0.0, "p")] * 8


def test_time_outs_of_its_own_comparisons_join_those_of_the_grading() -> None:
    """They are taken once all rollouts were compared, those of each grading apart."""
    graders, own = (ComparisonTimeout(name, "1", "took too long") for name in ("grader's", "own"))
    waiting: list[ComparisonTimeout] = []

    def late(rollout: Rollout, reward: Reward, problem: Problem) -> bool:
        waiting.append(own)
        return False

    def take() -> list[ComparisonTimeout]:
        taken = waiting.copy()
        waiting.clear()
        return taken

    world = World()
    world.grade = lambda *asked: replace(World.grade(world, *asked), timeouts=(graders,))  # type: ignore[method-assign]
    memory = Replay(world, late, ReplayConfig(), take)
    assert graded(memory, 0, "no", "no").timeouts == (graders, own, own)
    assert graded(memory, 1, "no").timeouts == (graders, own)
    assert graded(Replay(world, is_right, ReplayConfig()), 2, "no").timeouts == (graders,)


def test_figures_are_of_what_the_step_sampled() -> None:
    """With the replayed one the means would be ¼ and over four responses, the longest of 9 tokens."""
    memory = replay()
    step(memory, 0, "right abc", *["no"] * 7)
    group = step(memory, 1, "no", "noo", "no", "no")
    assert group.rollouts[-1].text == "right abc"
    metrics = group_metrics([group])
    assert (metrics["reward"], metrics["reward_std"], metrics["frac_reward_zero_std"]) == (0.0, 0.0, 1.0)
    assert (metrics["completions/max_length"], metrics["completions/tokens"]) == (3.0, 7.0)
    assert metrics["entropy"] == 1.0


def test_a_batch_knows_which_rows_are_replayed() -> None:
    memory = replay()
    fresh = step(memory, 0, "right", *["no"] * 7)
    mixed = step(memory, 1, *["no"] * 8)
    advantages = [[0.0] * 8] * 2
    assert collate([fresh], advantages[:1]).replayed_B is None
    batch = collate([fresh, mixed], advantages)
    assert batch.replayed_B is not None
    assert batch.replayed_B.tolist() == [False] * 15 + [True]
    assert int(batch.mask_BT.sum() - batch.fresh_BT.sum()) == len("right")
    selected = batch.select([1])
    assert selected.replayed_B is not None
    assert selected.replayed_B.tolist() == [False] * 7 + [True]
    assert torch.equal(batch.select([0]).fresh_BT, batch.select([0]).mask_BT)
