"""The warm-start loop: imitate, measure on solutions set aside, stop when that no longer improves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

import torch

from whet.config import SftConfig
from whet.oom import retry_with_smaller_batches
from whet.protocols import Optimizer, Policy
from whet.sft.examples import Example, pack, parts
from whet.sft.nll import negative_log_likelihood

Report = Callable[[int, Mapping[str, float]], None]
"""Told (step, metrics) after every step."""


@dataclass
class Progress:
    """How far a warm start has come; with the optimizer's tensors, all that its next step depends on."""

    done: int = 0
    """Steps made."""
    best: float | None = None
    """The best held-out loss so far, in nats per token; None before the first measurement."""
    since_best: int = 0
    """Measurements since then."""

    def measured(self, loss: float) -> None:
        """One more held-out loss."""
        better = self.best is None or loss < self.best
        self.since_best = 0 if better else self.since_best + 1
        self.best = loss if better else self.best

    def state(self) -> dict[str, float | int | None]:
        """As JSON has it."""
        return asdict(self)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state` told of."""
        self.done, self.best, self.since_best = (state[name] for name in ("done", "best", "since_best"))


def warm_start(
    policy: Policy,
    optimizer: Optimizer,
    examples: Sequence[Example],
    held_out: Sequence[Example],
    config: SftConfig,
    seed: int,
    report: Report,
    progress: Progress | None = None,
) -> None:
    """Trains for at most `config.steps`; each step reports `loss`, and `held_out_loss` where it was measured.

    With `progress` it goes on from there, and keeps it up to date: it is what it should be whenever `report` is called.
    """
    progress = progress or Progress()
    for step in range(progress.done, config.steps):
        if progress.since_best >= config.patience:
            return
        loss = _learn(policy, optimizer, _draw(examples, step, config.batch_size, seed), config.micro_batch_tokens)
        metrics = {"loss": loss, **optimizer.step(step)}
        if held_out and (step + 1) % config.evaluate_every == 0:
            metrics["held_out_loss"] = held_out_loss(policy, held_out, config.micro_batch_tokens)
            progress.measured(metrics["held_out_loss"])
        progress.done = step + 1
        report(step, metrics)


def _draw(examples: Sequence[Example], step: int, count: int, seed: int) -> list[Example]:
    """The examples of a step, a function of (seed, step): epochs are permutations."""
    places = range(step * count, (step + 1) * count)
    orders = {epoch: _order(len(examples), seed, epoch) for epoch in {place // len(examples) for place in places}}
    return [examples[orders[place // len(examples)][place % len(examples)]] for place in places]


def _order(size: int, seed: int, epoch: int) -> list[int]:
    return Random(f"{seed} {epoch}").sample(range(size), size)


def _learn(policy: Policy, optimizer: Optimizer, examples: Sequence[Example], micro_batch_tokens: int) -> float:
    """Adds the gradient of the mean NLL over these examples; returns it in nats per token."""
    tokens = sum(len(example.response) for example in examples)

    def gradient(at_a_time: int) -> float:
        total = 0.0
        for part in parts(examples, at_a_time):
            packed = pack(part)
            loss = negative_log_likelihood(policy.logprobs(packed.batch), packed.target_BT, tokens)
            optimizer.backward(loss)
            total += loss.item()
        return total

    smallest = min(len(example.prompt) + len(example.response) for example in examples)
    total, policy.max_micro_batch_tokens = retry_with_smaller_batches(
        gradient, min(micro_batch_tokens, policy.max_micro_batch_tokens), smallest, optimizer.zero_grad
    )
    return total


@torch.no_grad()
def held_out_loss(policy: Policy, examples: Sequence[Example], micro_batch_tokens: int) -> float:
    """The mean NLL of solutions that are not trained on, in nats per token."""
    tokens = sum(len(example.response) for example in examples)
    packs = [pack(part) for part in parts(examples, micro_batch_tokens)]
    return sum(negative_log_likelihood(policy.logprobs(p.batch), p.target_BT, tokens).item() for p in packs)
