"""R23 in small: over steps of changing lengths the learner holds the same bytes after each, and a bound at the peak."""

from random import Random
from typing import Any

import pytest
import torch

import tiny
from batches import ragged_batch
from live_tensors import LiveTensors
from whet.compute.optimizer import MasterAdamW
from whet.config import GrpoConfig, OptimizerConfig
from whet.grpo.update import update
from whet.policy.activations import bytes_per_token
from whet.policy.language_model import LanguageModel

BROAD = {"hidden_size": 128, "intermediate_size": 384, "head_dim": 32, "num_hidden_layers": 4}
TOKENS, STEPS = 200, 6


def batch_of(step: int) -> Any:
    """Two to five prompts with four responses of 5 to 60 tokens."""
    random = Random(step)
    prompts = [random.randint(5, 40) for _ in range(random.randint(2, 5))]
    return ragged_batch(prompts, [[random.randint(5, 60) for _ in range(4)] for _ in prompts], seed=step)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_learners_memory_is_level(dtype: torch.dtype) -> None:
    policy = LanguageModel(tiny.tiny_model(dtype=dtype, **BROAD), tiny.tiny_tokenizer())
    per_token = bytes_per_token(policy.model, lean=True)
    count = sum(weight.numel() for weight in policy.trainable())
    element = dtype.itemsize
    after, peaks = [], []
    with LiveTensors() as live:
        for weight in policy.trainable():
            live.add(weight)
        optimizer = MasterAdamW(policy.trainable(), OptimizerConfig(), STEPS, TOKENS)
        for step in range(STEPS):
            live.restart()
            update(policy, optimizer, batch_of(step), step, GrpoConfig())
            after.append(live.now)
            peaks.append(live.peak)
    state = count * (element + (4 if element < 4 else 0) + 8)
    assert max(after[1:]) - min(after[1:]) < 10_000, "what is left after a step does not depend on the step"
    assert after[-1] == pytest.approx(state, rel=0.01)
    # gradients, and activations of one micro-batch; as much again for attention weights, the head and operators
    assert max(peaks) < state + 4 * count + 2 * TOKENS * per_token
    assert max(peaks) > state + 4 * count + 0.5 * TOKENS * per_token


def test_no_second_gradient_of_the_whole_model_exists() -> None:
    """Each weight's gradient moves to its master at once, so only one of them is there at any time."""
    layers = torch.nn.Sequential(*(torch.nn.Linear(64, 64, bias=False) for _ in range(8))).to(torch.bfloat16)
    optimizer = MasterAdamW(layers.parameters(), OptimizerConfig(), 1)
    there: list[int] = []
    for layer in layers:
        layer.register_full_backward_hook(
            lambda *_: there.append(sum(weight.grad is not None for weight in layers.parameters()))
        )
    x = torch.randn(3, 64, dtype=torch.bfloat16, requires_grad=True)
    optimizer.backward(layers(x).float().square().sum())
    assert len(there) == 8
    assert max(there) <= 1
    assert all(master.grad is not None for master in optimizer.masters)
    assert not any(weight._post_accumulate_grad_hooks for weight in optimizer.weights)
