"""The warm-start loop: imitate, measure on solutions set aside, stop when that no longer improves."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

import torch

from whet.back_off import backing_off
from whet.config import SftConfig
from whet.protocols import Optimizer, Policy
from whet.sft.examples import Example, pack, parts
from whet.sft.objective import negative_log_likelihood

Report = Callable[[int, Mapping[str, float]], None]
"""Told (step, metrics) after every step."""


def warm_start(
    policy: Policy,
    optimizer: Optimizer,
    examples: Sequence[Example],
    held_out: Sequence[Example],
    config: SftConfig,
    seed: int,
    report: Report,
) -> None:
    """Trains for at most `config.steps`; each step reports `loss`, and `held_out_loss` where it was measured."""
    best, since_best = float("inf"), 0
    for step in range(config.steps):
        loss = _learn(policy, optimizer, _draw(examples, step, config.batch_size, seed), config.micro_batch_tokens)
        metrics = {"loss": loss, **optimizer.step(step)}
        if held_out and (step + 1) % config.evaluate_every == 0:
            metrics["held_out_loss"] = held_out_loss(policy, held_out, config.micro_batch_tokens)
            since_best = 0 if metrics["held_out_loss"] < best else since_best + 1
            best = min(best, metrics["held_out_loss"])
        report(step, metrics)
        if since_best >= config.patience:
            return


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
            optimizer.accumulate(loss)
            total += loss.item()
        return total

    smallest = min(len(example.prompt) + len(example.response) for example in examples)
    total, policy.fits = backing_off(gradient, min(micro_batch_tokens, policy.fits), smallest, optimizer.forget)
    return total


@torch.no_grad()
def held_out_loss(policy: Policy, examples: Sequence[Example], micro_batch_tokens: int) -> float:
    """The mean NLL of solutions that are not trained on, in nats per token."""
    tokens = sum(len(example.response) for example in examples)
    packs = [pack(part) for part in parts(examples, micro_batch_tokens)]
    return sum(negative_log_likelihood(policy.logprobs(p.batch), p.target_BT, tokens).item() for p in packs)
