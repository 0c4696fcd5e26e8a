"""One step ahead: which weights sample what, in which order, and what a checkpoint must hold for it."""

import json
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from whet.config import GrpoConfig
from whet.errors import ProcessLost
from whet.grpo.experience import OnPolicy
from whet.grpo.prefetch import Prefetch
from whet.types import Graded, Group, Outputs, Problem, Prompt, Reward, Rollout

CONFIG = GrpoConfig(prompts_per_step=2, group_size=2)


class World:
    """Problems, engine and grader that write down what is done: each rollout's token is the version that drew it."""

    def __init__(self) -> None:
        self.version, self.loaded = 0, None
        self.done: list[str] = []
        self.gate: threading.Event | None = None
        self.fails: BaseException | None = None

    def draw(self, count: int, step: int) -> list[Prompt]:
        self.done.append(f"draw {step}")
        return [Prompt(Problem(f"{step}-{place}", "?", "!"), (), (step, place)) for place in range(count)]

    def load(self, policy: Any) -> None:
        assert self.loaded is None, "the engine is in use"
        self.loaded = policy.version

    def release(self) -> None:
        self.loaded = None

    def sample(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        if self.gate:
            assert self.gate.wait(10)
        if self.fails:
            raise self.fails
        assert self.loaded is not None
        one = Rollout((self.loaded, step), (-0.1, -1 / 3), "text", "length", loss_mask=(True, False))
        return [[one] * n for _ in prompts]

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        self.done.append(f"grade {step}")
        rewards = tuple(Reward(1.0) for _ in range(CONFIG.group_size))
        return Graded(tuple(Group(p, tuple(some), rewards) for p, some in zip(prompts, outputs, strict=True)))

    def prefetch(self, until: int) -> Prefetch:
        sampler: Any = self
        policy: Any = self
        return Prefetch(OnPolicy(self, self.sample, sampler, CONFIG), sampler, policy, until)


def drawn_by(collected: Any) -> set[tuple[int, ...]]:
    """The (version, step) of all rollouts."""
    return {rollout.tokens for group in collected.groups for rollout in group.rollouts}


def test_each_step_is_sampled_by_the_policy_one_update_before() -> None:
    world = World()
    prefetch, stale = world.prefetch(until=4), []
    for step in range(4):
        collected = prefetch.collect(step)
        assert drawn_by(collected) == {(max(step - 1, 0), step)}
        assert [group.prompt.problem.id for group in collected.groups] == [f"{step}-0", f"{step}-1"]
        stale.append(collected.metrics["sampler/staleness"])
        world.version += 1  # the update
    assert stale == [0.0, 1.0, 1.0, 1.0]
    order = "draw 0, grade 0, draw 1, grade 1, draw 2, grade 2, draw 3, grade 3"
    assert ", ".join(world.done) == order, "each problem is drawn once, after the rewards of the step before"
    prefetch.settle()
    assert world.loaded is None


def test_the_learner_need_not_wait_for_the_next_step() -> None:
    world = World()
    prefetch = world.prefetch(until=3)
    prefetch.collect(0)
    prefetch.settle()
    world.gate = threading.Event()
    prefetch.collect(1)  # returns while step 2 cannot be sampled yet
    world.version = 99
    world.gate.set()
    assert drawn_by(prefetch.collect(2)) == {(0, 2)}


def test_others_may_load_the_engine_once_nothing_is_under_way() -> None:
    world = World()
    prefetch = world.prefetch(until=3)
    prefetch.collect(0)
    prefetch.settle()
    world.load(SimpleNamespace(version=7))
    world.release()
    assert drawn_by(prefetch.collect(1)) == {(0, 1)}


def test_a_checkpoint_holds_what_was_sampled_ahead_and_the_rest_goes_on_as_it_would_have() -> None:
    """After a round trip through JSON; the weights that drew it are gone by then."""
    world = World()
    prefetch = world.prefetch(until=4)
    for step in range(2):
        prefetch.collect(step)
        world.version += 1
    state = json.loads(json.dumps(prefetch.state_dict(), allow_nan=False))
    whole = prefetch.collect(2)
    other = World()
    other.version = 2
    resumed = other.prefetch(until=4)
    resumed.load_state_dict(state)
    assert resumed.collect(2) == whole
    assert other.done == ["draw 2", "grade 2", "draw 3"]
    other.version = world.version = 3
    assert drawn_by(resumed.collect(3)) == drawn_by(prefetch.collect(3)) == {(2, 3)}
    assert resumed.state_dict() == {}, "nothing is ahead of the last step"


def test_before_the_first_step_and_after_a_checkpoint_without_any_nothing_is_ahead() -> None:
    world = World()
    prefetch = world.prefetch(until=2)
    assert prefetch.state_dict() == {}
    prefetch.load_state_dict({})
    assert drawn_by(prefetch.collect(0)) == {(0, 0)}


@pytest.mark.parametrize("how", ["collect", "settle", "state"])
def test_what_fails_ahead_is_raised_where_it_is_waited_for(how: str) -> None:
    world = World()
    prefetch = world.prefetch(until=3)
    prefetch.collect(0)
    prefetch.settle()
    world.fails = ProcessLost("no Ray worker is left")
    prefetch.collect(1)
    asked: Any = {"collect": lambda: prefetch.collect(2), "settle": prefetch.settle, "state": prefetch.state_dict}[how]
    with pytest.raises(ProcessLost, match="no Ray worker is left"):
        asked()
    assert world.loaded is None
