"""The warm-start loop: supervised fine-tuning with early stopping on the held-out loss."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from random import Random
from typing import Any

import torch
from torch import Tensor

from whet.config import SftConfig
from whet.config.training import MICRO_BATCH_TOKENS
from whet.protocols import Optimizer, Policy
from whet.sft.examples import Example, Examples, one_group
from whet.sft.nll import negative_log_likelihood

Report = Callable[[int, Mapping[str, float]], None]
"""Called with (step, metrics) after every step."""

FormatRate = Callable[[], float]
"""Measures the share of greedy completions that keep the format, with the weights as they are."""


@dataclass
class Progress:
    """The state of a warm start; with the optimizer's, all that its next step depends on."""

    done: int = 0
    """Steps done."""
    best: float | None = None
    """The best held-out loss so far, in nats per token; None before the first finite one."""
    since_best: int = 0
    """Measurements since then."""
    format_rate: float = 0.0
    """The share of greedy completions that kept the format when last measured."""

    def measured(self, loss: float) -> None:
        """Records a held-out loss, in nats per token; one that is not finite is never better."""
        better = isfinite(loss) and (self.best is None or loss < self.best)
        self.since_best = 0 if better else self.since_best + 1
        self.best = loss if better else self.best

    def state_dict(self) -> dict[str, float | int | None]:
        """Returns the fields as JSON."""
        return asdict(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores the fields from `state_dict`."""
        for name, value in state.items():
            setattr(self, name, value)


def warm_start(
    policy: Policy,
    optimizer: Optimizer,
    examples: Sequence[Example],
    held_out: Sequence[Example],
    config: SftConfig,
    seed: int,
    report: Report,
    progress: Progress | None = None,
    format_rate: FormatRate | None = None,
) -> None:
    """Fine-tunes for at most `config.steps`; each step reports `loss`, and `held_out_loss` when measured.

    Resumes from `progress` where given, and updates it before each call of `report`. With `format_rate` it is measured
    as often as the held-out loss, and training ends once it reaches `config.stop_at_format`.
    """
    progress = progress or Progress()
    for step in range(progress.done, config.steps):
        if ended(progress, config):
            return
        loss = _learn(policy, optimizer, _draw(examples, step, config.batch_size, seed))
        metrics = {"loss": loss, **optimizer.step(step)}
        due = (step + 1) % config.evaluate_every == 0
        if due and held_out:
            metrics["held_out_loss"] = held_out_loss(policy, held_out, config.micro_batch_tokens or MICRO_BATCH_TOKENS)
            progress.measured(metrics["held_out_loss"])
        if due and format_rate:
            metrics["format_rate"] = progress.format_rate = format_rate()
        progress.done = step + 1
        report(step, metrics)


def ended(progress: Progress, config: SftConfig) -> str:
    """Returns why a warm start ends before its last step; empty where it goes on."""
    if config.stop_at_format is not None and progress.format_rate >= config.stop_at_format:
        return f"{100 * progress.format_rate:.0f} % of answers keep the format"
    return "the held-out loss no longer falls" if progress.since_best >= config.patience else ""


def _draw(examples: Sequence[Example], step: int, count: int, seed: int) -> list[Example]:
    """The examples of a step, a function of (seed, step): epochs are permutations."""
    places = range(step * count, (step + 1) * count)
    orders = {epoch: _order(len(examples), seed, epoch) for epoch in {place // len(examples) for place in places}}
    return [examples[orders[place // len(examples)][place % len(examples)]] for place in places]


def _order(size: int, seed: int, epoch: int) -> list[int]:
    return Random(f"{seed} {epoch}").sample(range(size), size)


def _learn(policy: Policy, optimizer: Optimizer, examples: Sequence[Example]) -> float:
    """Adds the gradient of the mean NLL over these examples; returns it in nats per token."""
    tokens = sum(len(example.response) for example in examples)

    def loss(part: Examples) -> tuple[Tensor, float]:
        value = _nll(policy, part, tokens)
        return value, value.item()

    return sum(optimizer.accumulate([Examples(examples)], loss))


@torch.no_grad()
def held_out_loss(policy: Policy, examples: Sequence[Example], micro_batch_tokens: int) -> float:
    """Returns the mean NLL of held-out examples, in nats per token."""
    tokens = sum(len(example.response) for example in examples)
    return sum(_nll(policy, part, tokens).item() for part in Examples(examples).micro_batches(micro_batch_tokens))


def _nll(policy: Policy, part: Examples, tokens: int) -> Tensor:
    """This part's share of the mean over `tokens` tokens."""
    batch = one_group(part.all)
    logprobs_BT = policy.logprobs(batch)
    return negative_log_likelihood(logprobs_BT, batch.loss_mask_BT.to(logprobs_BT.device), tokens)
