"""The gradient that several processes compute of one batch."""

from copy import deepcopy
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from batches import ragged_batch
from ranks_in_threads import in_threads
from tiny import tiny_model, tiny_tokenizer
from whet.batch import Batch
from whet.compute.optimizer import MasterAdamW
from whet.compute.shared_optimizer import SharedOptimizer
from whet.config import GrpoConfig, OptimizerConfig
from whet.errors import UserError
from whet.grpo.update import Scored, update
from whet.policy.language_model import LanguageModel
from whet.sft.examples import Example, Examples

CONFIG = OptimizerConfig(learning_rate=0.01, max_grad_norm=1e9)
LENGTHS = ([4, 2, 5], [[3, 7, 1], [6, 2], [5, 5, 2]])


MODEL = tiny_model()
"""Made once: threads that make one at a time would share the random numbers."""


def _policy(dtype: torch.dtype = torch.float32) -> LanguageModel:
    return LanguageModel(deepcopy(MODEL).to(dtype), tiny_tokenizer())


def _learner(policy: LanguageModel, tokens: int, processes: Any) -> Any:
    optimizer = MasterAdamW(policy.trainable(), CONFIG, 10, tokens)
    return SharedOptimizer(optimizer, processes) if processes.count > 1 else optimizer


def _updated(processes: Any, tokens: int = 12, dtype: torch.dtype = torch.float32) -> tuple[dict[str, float], Any]:
    """Metrics and weights after an update of two passes, with importance weights and a KL term."""
    policy = _policy(dtype)
    config = GrpoConfig.model_validate({"objective": {"beta": 0.1, "iterations": 2, "importance": "token"}})
    batch = ragged_batch(*LENGTHS, vocabulary=90, reference=True)
    metrics = update(policy, _learner(policy, tokens, processes), batch, 0, config).metrics
    return metrics, [weight.detach().clone() for weight in policy.trainable()]


@pytest.mark.parametrize("count", [2, 3, 5])
def test_an_update_is_that_of_one_process(count: int) -> None:
    """With five processes two have nothing to compute."""
    ((metrics, weights),) = in_threads(1, _updated)
    for others, their_weights in in_threads(count, _updated):
        assert others == pytest.approx(metrics, rel=1e-5, abs=1e-6)
        for mine, its in zip(weights, their_weights, strict=True):
            torch.testing.assert_close(mine, its, rtol=0, atol=2e-6)


def test_all_processes_have_equal_metrics_and_weights() -> None:
    (metrics, weights), *others = in_threads(3, partial(_updated, dtype=torch.bfloat16))
    for other, their_weights in others:
        assert other == metrics
        assert all(torch.equal(mine, its) for mine, its in zip(weights, their_weights, strict=True))


def _gradient(processes: Any, tokens: int) -> list[Tensor]:
    policy = _policy()
    learner = _learner(policy, tokens, processes)

    def loss(part: Batch) -> tuple[Tensor, int]:
        logprobs_BT = policy.logprobs(part)
        return (logprobs_BT * part.advantage_B[:, None]).sum() / 31, len(part)  # 31 tokens in all

    rows = learner.accumulate([ragged_batch(*LENGTHS, vocabulary=90)], loss)
    assert sum(rows) == 8  # the results of all processes
    return [weight.grad.clone() for weight in policy.trainable() if weight.grad is not None]


@pytest.mark.parametrize(("count", "tokens"), [(2, 10_000), (2, 1), (4, 12)])
def test_gradients_are_summed(count: int, tokens: int) -> None:
    (whole,) = in_threads(1, partial(_gradient, tokens=10_000))
    for shared in in_threads(count, partial(_gradient, tokens=tokens)):
        for mine, its in zip(whole, shared, strict=True):
            assert float((mine - its).norm() / mine.norm()) < 1e-6


def _with_little_memory(processes: Any) -> tuple[int, list[Tensor]]:
    """Process 1 runs out of memory with more than twelve tokens."""
    policy = _policy()
    learner = _learner(policy, 10_000, processes)

    def loss(part: Batch) -> tuple[Tensor, int]:
        if processes.rank == 1 and sum(part.sizes) > 12:
            raise MemoryError
        return (policy.logprobs(part) * part.advantage_B[:, None]).sum() / 31, 0

    learner.accumulate([ragged_batch(*LENGTHS, vocabulary=90)], loss)
    optimizer = getattr(learner, "optimizer", learner)
    gradient = [weight.grad.clone() for weight in policy.trainable() if weight.grad is not None]
    return optimizer.micro_batch_tokens, gradient


def test_a_process_short_of_memory_takes_smaller_micro_batches() -> None:
    (whole,) = in_threads(1, partial(_gradient, tokens=10_000))
    (large, first), (small, second) = in_threads(2, _with_little_memory)
    assert large == 10_000
    assert small <= 12
    for mine, a, b in zip(whole, first, second, strict=True):
        assert float((mine - a).norm() / mine.norm()) < 1e-6
        assert torch.equal(a, b)


def _without_any(processes: Any) -> str:
    policy = _policy()

    def loss(part: Batch) -> tuple[Tensor, Scored]:
        raise MemoryError

    try:
        _learner(policy, 100, processes).accumulate([ragged_batch(*LENGTHS, vocabulary=90)], loss)
    except UserError as error:
        return str(error)
    return ""


def test_no_memory_at_all_ends_every_process() -> None:
    first, second = in_threads(2, _without_any)
    assert first == second
    assert first.startswith("grpo.micro_batch_tokens: out of memory")


def test_supervised_examples_are_shared_too() -> None:
    def gradient(processes: Any) -> tuple[list[int], list[Tensor]]:
        policy = _policy()
        examples = Examples([Example((5, 6), (7,) * length) for length in (1, 4, 2)])

        def loss(part: Examples) -> tuple[Tensor, int]:
            tokens = torch.tensor([length for one in part.all for length in one.response])
            weight = policy.model.get_input_embeddings().weight
            return weight[tokens].sum(), len(part.all)

        counts = _learner(policy, 10_000, processes).accumulate([examples], loss)
        return counts, [one.grad.clone() for one in policy.trainable() if one.grad is not None]

    ((_, whole),) = in_threads(1, gradient)
    for counts, shared in in_threads(2, gradient):
        assert sum(counts) == 3
        assert all(torch.equal(mine, its) for mine, its in zip(whole, shared, strict=True))


def test_state_is_that_of_the_optimizer_under_it() -> None:
    def state(processes: Any) -> tuple[list[str], bool]:
        policy = _policy()
        learner, other = _learner(policy, 100, processes), MasterAdamW(_policy().trainable(), CONFIG, 10)
        learner.load_state_dict(other.state_dict())
        learner.zero_grad()
        return sorted(learner.state_dict()), learner.step(3)["learning_rate"] == pytest.approx(0.01)

    expected = sorted(MasterAdamW(_policy().trainable(), CONFIG, 10).state_dict())
    assert in_threads(2, state) == [(expected, True)] * 2
