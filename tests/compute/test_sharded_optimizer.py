"""The gradient and the step of processes that divide weights and optimizer, with real processes."""

import os
import signal
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from batches import ragged_batch
from ranks import in_processes
from tiny import tiny_model, tiny_tokenizer
from whet.batch import Batch
from whet.compute.oom import Stage
from whet.compute.optimizer import MasterAdamW
from whet.compute.processes import mesh, processes
from whet.compute.sharded_optimizer import ShardedOptimizer
from whet.config import GrpoConfig, LoraConfig, OptimizerConfig
from whet.errors import ProcessLost, UserError
from whet.grpo.update import update
from whet.models.divided_rows import is_shard, whole_tensor
from whet.models.lora import add_lora
from whet.policy import recompute
from whet.policy.language_model import LanguageModel

CONFIG = OptimizerConfig(learning_rate=0.01, max_grad_norm=0.5)
LENGTHS = ([4, 2, 5], [[3, 7, 1], [6, 2], [5, 5, 2]])


def _policy(dtype: torch.dtype = torch.float32, family: str = "llama", lora: bool = False) -> LanguageModel:
    torch.manual_seed(0)
    model = tiny_model(family).to(dtype)
    return LanguageModel(add_lora(model, LoraConfig(rank=2)) if lora else model, tiny_tokenizer())


def _learner(policy: LanguageModel, tokens: int = 12, stage: Stage = "grpo") -> Any:
    """One process's own optimizer, or that of several over divided weights."""
    here = processes()
    if here.count == 1:
        return MasterAdamW(policy.trainable(), CONFIG, 10, tokens)
    policy.shard(mesh(torch.device("cpu")))
    return ShardedOptimizer(MasterAdamW(policy.trainable(), CONFIG, 10, tokens, stage=stage), here)


def _gradient(tokens: int = 12, **kind: Any) -> list[Any]:
    policy = _policy(**kind)
    learner = _learner(policy, tokens)

    def loss(part: Batch) -> tuple[Tensor, int]:
        return (policy.logprobs(part) * part.advantage_B[:, None]).sum() / 31, len(part)  # 31 tokens in all

    rows = learner.accumulate([ragged_batch(*LENGTHS, vocabulary=90)], loss)
    assert sum(rows) == 8  # the results of all processes, without those that were computed again
    return [whole_tensor(weight.grad).numpy() for weight in policy.trainable() if weight.grad is not None]


@pytest.mark.parametrize(("count", "tokens"), [(2, 10_000), (2, 1), (4, 12)])
def test_gradients_are_those_of_one_process(count: int, tokens: int) -> None:
    """With four processes one has no group at all."""
    whole = _gradient(10_000)
    for divided in in_processes(count, _gradient, tokens):
        assert len(divided) == len(whole)
        for mine, its in zip(whole, divided, strict=True):
            assert np.linalg.norm(mine - its) / np.linalg.norm(mine) < 1e-6


def _after_update(dtype: torch.dtype = torch.float32, **kind: Any) -> tuple[dict[str, float], list[Any]]:
    """Metrics and weights after two passes of clipped steps, with importance weights and a KL term."""
    policy = _policy(dtype, **kind)
    learner = _learner(policy)
    config = GrpoConfig.model_validate({"objective": {"beta": 0.1, "iterations": 2, "importance": "token"}})
    metrics = update(policy, learner, ragged_batch(*LENGTHS, vocabulary=90, reference=True), 0, config).metrics
    return metrics, [whole_tensor(weight.detach()).float().numpy() for weight in policy.trainable()]


@pytest.mark.parametrize(
    ("kind", "far"),
    [
        ({}, 2e-6),
        ({"family": "mistral"}, 2e-6),  # its head is not its embedding
        ({"family": "gemma2"}, 2e-6),  # attention scores and logits are capped
        ({"lora": True}, 2e-6),
        ({"dtype": torch.bfloat16}, 0.02),  # a step of 0.01, rounded
    ],
)
def test_an_update_is_that_of_one_process(kind: Mapping[str, Any], far: float) -> None:
    """The norm that is clipped is that of the whole gradient."""
    metrics, weights = _after_update(**kind)
    (first, mine), (second, its) = in_processes(2, _after_update, kind.get("dtype", torch.float32), **_others(kind))
    assert first == second
    rounding = {"rel": 1e-5, "abs": 1e-6} if far < 1e-3 else {"rel": 0.02, "abs": 0.02}
    assert first == pytest.approx(metrics, **rounding)
    for whole, a, b in zip(weights, mine, its, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, whole, rtol=0, atol=far)


def _others(kind: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kind.items() if name != "dtype"}


def _state_moved() -> tuple[list[Any], list[Any], int]:
    """A state that one process saved, taken by this process and told again; and what it knows beside process 0."""
    policy = _policy()
    learner = _learner(policy)
    learner.load_state_dict({name: torch.from_numpy(one) for name, one in _stepped_alone().items()})
    told = learner.state_dict()
    own = learner.optimizer
    rows = sum(state["exp_avg"].to_local().numel() for state in own.adam.state.values())
    return sorted(told), [told[name].numpy() for name in sorted(told)], rows


def _stepped_alone() -> dict[str, Any]:
    policy = _policy()
    learner = MasterAdamW(policy.trainable(), CONFIG, 10)
    learner.accumulate([ragged_batch(*LENGTHS, vocabulary=90)], lambda part: (policy.logprobs(part).sum(), 0))
    learner.step(0)
    return {name: one.numpy().copy() for name, one in learner.state_dict().items()}


def test_a_state_of_one_process_is_taken_up_by_several_and_told_whole() -> None:
    saved = _stepped_alone()
    (names, told, rows), (others, _, _), _ = in_processes(3, _state_moved)
    assert names == sorted(saved)
    assert others == []
    for name, one in zip(names, told, strict=True):
        np.testing.assert_array_equal(one, saved[name])
    moments = sum(one.size for name, one in saved.items() if name.startswith("exp_avg."))
    assert rows < moments / 2  # a third, and what does not divide by three


def _bytes_kept() -> tuple[int, int]:
    """Bytes of weights, masters and moments in this process, and those of the whole model's weights."""
    policy = _policy(torch.bfloat16)
    weights = sum(weight.numel() for weight in policy.model.parameters())
    learner = _learner(policy, 10_000)
    learner.accumulate([ragged_batch(*LENGTHS, vocabulary=90)], lambda part: (policy.logprobs(part).sum(), 0))
    learner.step(0)
    own = getattr(learner, "optimizer", learner)
    moments = [state[name] for state in own.adam.state.values() for name in ("exp_avg", "exp_avg_sq")]
    held = [weight.detach() for weight in (*policy.model.parameters(), *own.masters)] + moments
    local = [one.to_local() if is_shard(one) else one for one in held]
    return sum(one.untyped_storage().nbytes() for one in local), weights


@pytest.mark.parametrize("count", [2, 4])
def test_each_process_keeps_its_part(count: int) -> None:
    """Fourteen bytes for each weight, 2 + 4 + 8; rows that do not divide among the processes are padded."""
    for kept, weights in in_processes(count, _bytes_kept):
        assert 14 * weights / count <= kept + 14 * 32 * count
        assert kept < 1.05 * 14 * weights / count


def _masters() -> list[Any]:
    own = _learner(_policy(torch.bfloat16))
    return [whole_tensor(master.detach()).numpy() for master in getattr(own, "optimizer", own).masters]


def test_masters_of_16_bit_weights_begin_where_those_of_one_process_do() -> None:
    whole = _masters()
    for divided in in_processes(3, _masters):
        for mine, its in zip(whole, divided, strict=True):
            np.testing.assert_array_equal(mine, its)


def _with_little_memory(tokens: int, stage: Stage) -> str:
    policy = _policy()
    learner, rank = _learner(policy, tokens, stage), processes().rank

    def loss(part: Batch) -> tuple[Tensor, int]:
        if rank == 1:
            raise MemoryError
        return (policy.logprobs(part) * part.advantage_B[:, None]).sum() / 31, 0

    learner.accumulate([ragged_batch(*LENGTHS, vocabulary=90)], loss)
    return "went on"


@pytest.mark.parametrize(
    ("tokens", "stage", "said"),
    [
        (10_000, "grpo", "grpo.micro_batch_tokens: process 1 of 2 is out of memory with 10000 tokens at a time"),
        (10_000, "sft", "sft.micro_batch_tokens: process 1 of 2 is out of memory with 10000 tokens at a time"),
        (1, "grpo", "grpo.micro_batch_tokens: out of memory with 1 tokens at a time, the smallest part there is"),
    ],
)
def test_out_of_memory_in_the_midst_of_it_ends_all_with_the_fix(tokens: int, stage: Stage, said: str) -> None:
    found = in_processes(2, _with_little_memory, tokens, stage)
    assert [type(one) for one in found] == [UserError, UserError]
    for one in found:
        assert str(one).startswith(said)


def _killed_before_a_step() -> str:
    policy = _policy()
    learner = _learner(policy, 10_000)
    learner.accumulate([ragged_batch(*LENGTHS, vocabulary=90)], lambda part: (policy.logprobs(part).sum(), 0))
    if processes().rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    learner.step(0)
    return "went on"


def test_a_process_that_is_killed_before_a_step_is_named() -> None:
    """The norm of the gradient is a sum over the processes."""
    found, _ = in_processes(2, _killed_before_a_step)
    assert isinstance(found, ProcessLost)
    assert "process 1 (pid " in str(found)


def _recomputed_in_one() -> list[Any]:
    """As `_gradient`, where process 1 computes its layers again in the backward."""
    if processes().rank == 1:
        recompute.free_bytes = lambda device: 0
    return _gradient(12)


def test_a_process_may_compute_layers_again() -> None:
    whole = _gradient(10_000)
    for mine, its in zip(whole, in_processes(2, _recomputed_in_one)[0], strict=True):
        assert np.linalg.norm(mine - its) / np.linalg.norm(mine) < 1e-6
