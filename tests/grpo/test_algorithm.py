"""Algorithm 1, line by line, with roles that write down what they were asked."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from batches import prompt, rollout
from whet.batch import Batch
from whet.config import GrpoConfig, ObjectiveConfig
from whet.grpo.algorithm import train
from whet.grpo.experience import Loaded, OnPolicy
from whet.types import Collected, Graded, Group, Outputs, Prompt, Reward

G = 4
UNIFORM = -math.log(100)
"""log π of every token before training."""


class Everything:
    """Plays every role at once and keeps one journal."""

    def __init__(self, first_step: int = 0, keeps_reference: bool = True) -> None:
        self.journal: list[tuple[Any, ...]] = []
        self.first_step, self.keeps_reference = first_step, keeps_reference
        self.theta = torch.nn.Parameter(torch.zeros(100))
        self.recorded: list[tuple[Any, ...]] = []

    def steps(self, until: int) -> Iterable[int]:
        self.journal.append(("steps", until))
        return range(self.first_step, until)

    def draw(self, count: int, step: int) -> list[Prompt]:
        self.journal.append(("draw", count, step))
        return [prompt(f"{step}/{index}", (5, 6, 7)) for index in range(count)]

    def load(self, policy: Any) -> None:
        self.journal.append(("load", policy is self))

    def release(self) -> None:
        self.journal.append(("release",))

    def sample(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        self.journal.append(("sample", [p.problem.id for p in prompts], n, step))
        return [[rollout([8 + row, 2], [UNIFORM - 0.1, UNIFORM]) for row in range(n)] for _ in prompts]

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        self.journal.append(("grade", len(prompts), [len(rollouts) for rollouts in outputs], step))
        rewards = tuple(Reward(float(row == 0)) for row in range(G))
        return Graded(tuple(Group(q, tuple(o), rewards) for q, o in zip(prompts, outputs, strict=True)))

    def logprobs(self, batch: Batch) -> Tensor:
        self.journal.append(("logprobs", batch.reference_logprobs_BT is not None))
        return torch.where(batch.mask_BT, self.theta.log_softmax(-1)[batch.tokens_BT], 0.0)

    def accumulate(self, batches: Sequence[Batch], loss: Any) -> list[Any]:
        """One group at a time."""
        results = []
        for batch in batches:
            for part in batch.micro_batches(len(batch.prompts[0]) + int(batch.lengths_B.sum()) // len(batch.prompts)):
                value, result = loss(part)
                self.journal.append(("backward",))
                value.backward()
                results.append(result)
        return results

    def zero_grad(self) -> None:
        raise AssertionError("nothing is to be forgotten")

    def step(self, index: int) -> Mapping[str, float]:
        self.journal.append(("step", index))
        with torch.no_grad():
            self.theta -= self.theta.grad
        self.theta.grad = None
        return {"grad_norm": 1.0, "learning_rate": 1.0}

    def record(self, step: int, collected: Collected, advantages: Any, metrics: Any, tokens: Any) -> None:
        self.journal.append(("record", step))
        self.recorded.append((step, collected, advantages, metrics))

    def after_step(self, step: int) -> None:
        self.journal.append(("after_step", step))


class Reference:
    """π_ref, or none."""

    def __init__(self, all_roles: Everything) -> None:
        self.roles = all_roles

    def logprobs(self, batch: Batch) -> Tensor | None:
        self.roles.journal.append(("reference", len(batch)))
        return torch.full(batch.mask_BT.shape, UNIFORM) if self.roles.keeps_reference else None

    def sync(self, step: int) -> None:
        self.roles.journal.append(("sync", step))


def played(roles: Everything, steps: int, **objective: Any) -> Everything:
    config = GrpoConfig(
        steps=steps,
        prompts_per_step=2,
        group_size=G,
        objective=ObjectiveConfig(**objective),
    )
    experience = Loaded(OnPolicy(roles, roles.sample, roles, config), roles, roles)  # type: ignore[arg-type]
    train(roles, Reference(roles), experience, roles, roles, config, roles.after_step)  # type: ignore[arg-type]
    return roles


def a_step(step: int, reference: bool = True, iterations: int = 1) -> list[tuple[Any, ...]]:
    one_pass = [*[("logprobs", reference), ("backward",)] * 2, ("step", step)]
    return [
        ("load", True),
        ("draw", 2, step),
        ("sample", [f"{step}/0", f"{step}/1"], G, step),
        ("grade", 2, [G, G], step),
        ("release",),
        ("reference", 2 * G),
        *one_pass * iterations,
        ("sync", step),
        ("record", step),
        ("after_step", step),
    ]


def test_the_order_of_algorithm_1() -> None:
    """π_old ← π_θ, q ~ P(Q), o_i ~ π_old, r_i, Â_i, π_ref, update, and what follows: the same every step."""
    roles = played(Everything(), steps=3, beta=0.1)
    assert roles.journal == [("steps", 3), *a_step(0), *a_step(1), *a_step(2)]


def test_it_goes_on_where_the_run_stopped() -> None:
    assert played(Everything(first_step=4), steps=6, beta=0.1).journal == [
        ("steps", 6),
        *a_step(4),
        *a_step(5),
    ]


def test_no_steps_do_nothing() -> None:
    roles = played(Everything(), steps=0)
    assert roles.journal == [("steps", 0)]
    assert torch.equal(roles.theta, torch.zeros(100))


@pytest.mark.parametrize("iterations", [1, 3])
def test_the_batch_is_used_mu_times_without_asking_again(iterations: int) -> None:
    roles = played(Everything(keeps_reference=False), steps=1, iterations=iterations)
    assert roles.journal == [("steps", 1), *a_step(0, reference=False, iterations=iterations)]


def test_what_is_recorded_is_what_happened() -> None:
    roles = played(Everything(keeps_reference=False), steps=1, scale="none")
    ((step, collected, estimates, metrics),) = roles.recorded
    assert step == 0
    assert [group.prompt.problem.id for group in collected.groups] == ["0/0", "0/1"]
    assert collected.tokens == 2 * G * 2
    assert estimates == [[0.75, -0.25, -0.25, -0.25]] * 2
    assert metrics["grad_norm"] == 1.0
    assert metrics["sampler/logprob_difference_max"] == pytest.approx(0.1, rel=1e-5)


def test_the_policy_moves_towards_what_was_rewarded() -> None:
    """Token 8 opens the only response with a reward; tokens 9 to 11 open the others."""
    theta = played(Everything(keeps_reference=False), steps=1).theta
    assert theta[8] > 0.05
    assert (theta[9:12] < -0.01).all()
    assert theta[13:].abs().max() < 1e-3
