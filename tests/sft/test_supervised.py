"""The warm start against transformers' own loss, with a policy and optimizers that keep a record."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from whet.batch import Batch
from whet.compute.optimizer import MasterAdamW
from whet.config import OptimizerConfig, SftConfig
from whet.policy.language_model import LanguageModel
from whet.sft.examples import Example
from whet.sft.supervised import Progress, held_out_loss, warm_start


def some_examples(count: int = 6, seed: int = 0) -> list[Example]:
    """Prompts with a common beginning, solutions of several lengths, the end token (2) last."""
    random = torch.Generator().manual_seed(seed)

    def tokens(length: int) -> tuple[int, ...]:
        return tuple(torch.randint(4, 100, (length,), generator=random).tolist())

    return [Example((1, 9, 9, *tokens(1 + n % 3)), (*tokens(1 + 2 * n % 5), 2)) for n in range(count)]


def transformers_loss(model: Any, examples: list[Example]) -> Tensor:
    """The mean over response tokens of transformers' cross-entropy, prompt masked with -100, row by row."""
    total, tokens = torch.zeros(()), 0
    for example in examples:
        ids = torch.tensor([[*example.prompt, *example.response]])
        labels = ids.clone()
        labels[0, : len(example.prompt)] = -100
        total = total + model(input_ids=ids, labels=labels).loss * len(example.response)
        tokens += len(example.response)
    return total / tokens


class Recorder(MasterAdamW):
    """An optimizer that keeps every gradient and leaves the weights alone."""

    def __init__(self, model: Any, micro_batch_tokens: int = 10_000) -> None:
        self.model, self.micro_batch_tokens, self.inside = model, micro_batch_tokens, nullcontext
        self.stage = "sft"
        self.gradients: list[dict[str, Tensor]] = []

    def zero_grad(self) -> None:
        self.model.zero_grad()

    def backward(self, loss: Tensor) -> None:
        loss.backward()  # type: ignore[no-untyped-call]

    def step(self, index: int) -> Mapping[str, float]:
        assert index == len(self.gradients)
        self.gradients.append({name: weight.grad.clone() for name, weight in self.model.named_parameters()})
        self.model.zero_grad()
        return {"grad_norm": 0.0, "learning_rate": 0.5}


def run(model: Any, examples: list[Example], optimizer: Any, held_out: Any = (), **config: Any) -> list[Any]:
    reports: list[Any] = []
    settings = SftConfig(**config)
    policy = LanguageModel(model, tiny.tiny_tokenizer())
    warm_start(policy, optimizer, examples, held_out, settings, 3, lambda *report: reports.append(report))
    return reports


@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma3"])
def test_loss_and_gradient_are_transformers_own(family: str) -> None:
    model, examples = tiny.tiny_model(family), some_examples()
    expected = transformers_loss(model, examples)
    names, weights = zip(*model.named_parameters(), strict=True)
    gradients = dict(zip(names, torch.autograd.grad(expected, weights), strict=True))
    optimizer = Recorder(model)
    ((step, metrics),) = run(model, examples, optimizer, steps=1, batch_size=6)
    assert step == 0
    assert metrics == {
        "loss": pytest.approx(expected.item(), rel=1e-5),
        "grad_norm": 0.0,
        "learning_rate": 0.5,
    }
    torch.testing.assert_close(optimizer.gradients[0], gradients, rtol=1e-3, atol=1e-5)


def test_the_gradient_does_not_depend_on_micro_batch_tokens() -> None:
    found = []
    for tokens in (10_000, 1, 15, 30):
        model = tiny.tiny_model(dtype=torch.float64)
        optimizer = Recorder(model, tokens)
        ((_, metrics),) = run(model, some_examples(), optimizer, steps=1, batch_size=6)
        found.append((metrics["loss"], optimizer.gradients[0]))
    for loss, gradients in found[1:]:
        assert loss == pytest.approx(found[0][0], rel=1e-6)
        # float64 weights, but transformers' norms pass through float32
        torch.testing.assert_close(gradients, found[0][1], rtol=1e-5, atol=1e-7)


def test_held_out_loss_is_transformers_own_and_leaves_no_gradient() -> None:
    model, examples = tiny.tiny_model(), some_examples()
    policy = LanguageModel(model, tiny.tiny_tokenizer())
    for tokens in (1, 15, 10_000):
        expected = transformers_loss(model, examples).item()
        assert held_out_loss(policy, examples, tokens) == pytest.approx(expected, rel=1e-5)
    assert all(weight.grad is None for weight in model.parameters())


class Marked:
    """A policy that writes down which examples it was shown; each response begins with the example's number."""

    def __init__(self, held_out_losses: list[float] | None = None) -> None:
        self.theta = torch.nn.Parameter(torch.zeros(()))
        self.shown: list[int] = []
        self.losses = iter(held_out_losses or [])

    def logprobs(self, batch: Batch) -> Tensor:
        if not torch.is_grad_enabled():  # measured, not learned from
            return torch.full(batch.mask_BT.shape, -next(self.losses))
        self.shown += batch.tokens_BT[:, 0].tolist()
        return self.theta.expand(batch.mask_BT.shape)


class Idle(MasterAdamW):
    """An optimizer without effect."""

    def __init__(self) -> None:
        self.micro_batch_tokens, self.inside = 10_000, nullcontext

    def zero_grad(self) -> None:
        raise AssertionError("nothing is to be forgotten")

    def backward(self, loss: Tensor) -> None:
        assert loss.requires_grad

    def step(self, index: int) -> Mapping[str, float]:
        return {}


def shown(count: int, steps: int, batch_size: int, seed: int = 0) -> list[int]:
    policy = Marked()
    examples = [Example((1,), (n, 2)) for n in range(count)]
    config = SftConfig(steps=steps, batch_size=batch_size)
    warm_start(policy, Idle(), examples, [], config, seed, lambda *_: None)
    assert len(policy.shown) == steps * batch_size
    return policy.shown


@pytest.mark.parametrize(("count", "batch_size"), [(12, 4), (10, 4), (7, 3), (5, 8), (3, 16), (1, 2)])
def test_every_epoch_uses_each_example_once(count: int, batch_size: int) -> None:
    order = shown(count, 12, batch_size)
    epochs = [order[start : start + count] for start in range(0, len(order), count)]
    assert all(sorted(epoch) == list(range(count)) for epoch in epochs[:-1])
    assert max(Counter(epochs[-1]).values()) == 1


def test_epochs_are_shuffled_anew_by_the_seed() -> None:
    order = shown(30, 6, 15)
    assert order[:30] != list(range(30))
    assert order[:30] != order[30:60]
    assert order == shown(30, 6, 15)
    assert order != shown(30, 6, 15, seed=1)


def stops_after(losses: list[float], **config: Any) -> list[Any]:
    reports: list[Any] = []
    examples = [Example((1,), (n, 2)) for n in range(4)]
    settings = SftConfig(**{"steps": 100, "evaluate_every": 2, "patience": 2, "batch_size": 1} | config)
    warm_start(Marked(losses), Idle(), examples, examples[:1], settings, 0, lambda *report: reports.append(report))
    return reports


def test_it_stops_when_the_held_out_loss_is_no_longer_better() -> None:
    """Best at the second measurement, then two in a row that are not: eight steps of two each."""
    reports = stops_after([3.0, 2.0, 2.0, 2.5, 0.1])
    assert [step for step, _ in reports] == list(range(8))
    assert [metrics.get("held_out_loss") for _, metrics in reports[1::2]] == [3.0, 2.0, 2.0, 2.5]
    assert not any("held_out_loss" in metrics for _, metrics in reports[::2])


def test_a_better_loss_renews_its_patience() -> None:
    assert len(stops_after([3.0, 3.1, 2.9, 3.0, 2.8, 2.9, 2.85, 0.1])) == 14


def test_a_loss_that_is_not_finite_is_never_the_best() -> None:
    """The best comes third, then two in a row that are not better: ten steps of two each."""
    losses = [math.nan, 3.0, 2.0, 2.0, math.inf, 0.1]
    assert len(stops_after(losses)) == 10
    progress = Progress()
    progress.measured(losses[0])
    assert json.loads(json.dumps(progress.state_dict(), allow_nan=False)) == {
        "done": 0, "best": None, "since_best": 1, "format_rate": 0.0,
    }  # fmt: skip
    progress.measured(3.0)
    assert (progress.best, progress.since_best) == (3.0, 0)


def test_it_ends_with_its_steps() -> None:
    assert len(stops_after([3.0, 2.0], steps=5)) == 5


def test_without_held_out_solutions_nothing_is_measured() -> None:
    reports: list[Any] = []
    config = SftConfig(steps=25, batch_size=2, evaluate_every=1, patience=1)
    examples = [Example((1,), (n, 2)) for n in range(4)]
    warm_start(Marked(), Idle(), examples, [], config, 0, lambda *report: reports.append(report))
    assert len(reports) == 25
    assert not any("held_out_loss" in metrics for _, metrics in reports)


def test_it_learns() -> None:
    """A tiny model learns four solutions by heart, the end token included."""
    model, examples = tiny.tiny_model(), some_examples(4)
    config = OptimizerConfig(learning_rate=0.01)
    optimizer = MasterAdamW(model.parameters(), config, total_steps=40)
    reports = run(model, examples, optimizer, held_out=examples, steps=40, batch_size=4, evaluate_every=40)
    assert reports[0][1]["loss"] > 3.0
    assert reports[-1][1]["held_out_loss"] < 0.2
    for example in examples:
        said = model.generate(torch.tensor([example.prompt]), do_sample=False, max_new_tokens=8)[0]
        assert tuple(said[len(example.prompt) :].tolist()) == example.response


def test_out_of_memory_changes_the_parts_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six examples at once do not fit; the gradient is that of all of them together."""
    gradients = []
    for room in (6, 2):
        model, examples = tiny.tiny_model(), some_examples()
        logprobs = LanguageModel.logprobs

        def narrow(self: Any, batch: Batch, room: int = room, logprobs: Any = logprobs) -> Tensor:
            if len(batch) > room:
                raise MemoryError
            return logprobs(self, batch)

        with monkeypatch.context() as patch:
            patch.setattr(LanguageModel, "logprobs", narrow)
            optimizer = Recorder(model)
            run(model, examples, optimizer, steps=1, batch_size=6)
        gradients += optimizer.gradients
    assert all(torch.allclose(gradients[0][name], gradients[1][name], atol=1e-6) for name in gradients[0])
