"""Layers compiled as one graph each, with the packed attention inside: no break, the same figures, few graphs (T4)."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import torch
import torch._dynamo
from torch import Tensor
from torch._dynamo.utils import counters

import tiny
from batches import ragged_batch
from plainly import saved_bytes
from varlen_reference import attention_by_loop, gradients_by_loop
from whet.policy import attention as table
from whet.policy import recompute, varlen
from whet.policy.compiled_layers import compile_layers, compiled_layers, is_compiled
from whet.policy.forward import shared_prefix

BATCHES = [([4, 1], [[3, 6], [5, 2]]), ([7, 3], [[9, 2], [4, 4]]), ([2, 6, 5], [[13, 3], [6, 2], [8, 8]])]


@pytest.fixture(autouse=True)
def nothing_compiled_before() -> Iterator[None]:
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


@torch.library.custom_op("whet_tests::by_loop", mutates_args={})
def by_loop(query: Tensor, key: Tensor, value: Tensor, starts_q: Tensor, starts_k: Tensor, scale: float) -> Tensor:
    """An operator that graphs do not look into, as torch's flash attention is."""
    return attention_by_loop(query, key, value, starts_q, starts_k, scale, -1)


by_loop.register_fake(lambda query, *others: torch.empty_like(query))


@torch.library.custom_op("whet_tests::by_loop_backward", mutates_args={})
def by_loop_backward(
    slope: Tensor, query: Tensor, key: Tensor, value: Tensor, starts_q: Tensor, starts_k: Tensor, scale: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Its gradients."""
    return gradients_by_loop(slope, query, key, value, starts_q, starts_k, scale)


by_loop_backward.register_fake(lambda slope, *given: tuple(map(torch.empty_like, given[:3])))


def _keep(ctx: Any, inputs: Any, output: Any) -> None:
    ctx.save_for_backward(*inputs[:5])
    ctx.scale = inputs[5]


by_loop.register_autograd(
    lambda ctx, slope: (*by_loop_backward(slope, *ctx.saved_tensors, ctx.scale), None, None, None), setup_context=_keep
)


def on_varlen(monkeypatch: pytest.MonkeyPatch) -> None:
    def call(query: Tensor, key: Tensor, value: Tensor, *, starts: Any, longest: Any, scale: float, window: Any) -> Any:
        return by_loop(query, key, value, *starts, scale)

    monkeypatch.setattr(varlen, "varlen", call)
    monkeypatch.setattr(table, "ROWS", {"cpu": (("varlen", lambda wanted: True),)})


@pytest.mark.parametrize(
    ("family", "way"), [pytest.param("llama", "grid", marks=pytest.mark.slow), ("qwen3", "varlen")]
)
def test_one_graph_for_all_layers_and_few_over_shapes(family: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "varlen":
        on_varlen(monkeypatch)
    model = tiny.tiny_model(family, num_hidden_layers=2)
    learned = list(model.parameters())

    def figures(lengths: Any) -> tuple[Tensor, tuple[Tensor, ...]]:
        logprobs = shared_prefix(model, ragged_batch(*lengths), 1.0)
        return logprobs.detach(), torch.autograd.grad(logprobs.square().sum(), learned)

    expected = [figures(lengths) for lengths in BATCHES]
    compile_layers(model, backend="aot_eager")
    for lengths, before in zip(BATCHES, expected, strict=True):
        found = figures(lengths)
        torch.testing.assert_close(found, before, rtol=1e-4, atol=1e-5)
    assert not counters["graph_break"]
    assert 1 <= counters["stats"]["unique_graphs"] <= 2


@pytest.mark.parametrize("family", [pytest.param("llama", marks=pytest.mark.slow), "qwen3"])
def test_layers_that_are_recomputed_run_compiled_too(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short of memory: the same gradient, from graphs, and only the layers' inputs are kept."""
    on_varlen(monkeypatch)
    model, batch = tiny.tiny_model(family, num_hidden_layers=2), ragged_batch(*BATCHES[0])

    def gradients() -> tuple[Tensor, ...]:
        return torch.autograd.grad(shared_prefix(model, batch, 1.0).square().sum(), list(model.parameters()))

    def kept() -> int:
        return saved_bytes(model, lambda: shared_prefix(model, batch, 1.0))

    expected = gradients()
    compile_layers(model, backend="aot_eager")
    torch.testing.assert_close(gradients(), expected, rtol=1e-4, atol=1e-5)
    before, graphs = kept(), counters["stats"]["unique_graphs"]
    calls: list[int] = []
    real = recompute.checkpoint
    monkeypatch.setattr(recompute, "checkpoint", lambda *a, **k: (calls.append(1), real(*a, **k))[1])
    monkeypatch.setattr(recompute, "free_bytes", lambda device: 0)
    torch.testing.assert_close(gradients(), expected, rtol=1e-4, atol=1e-5)
    assert len(calls) == 2
    assert counters["stats"]["unique_graphs"] <= graphs + 1
    assert not counters["graph_break"]
    assert kept() < 0.7 * before
    assert not any("forward" in vars(layer) for layer in model.model.layers)


def test_a_copy_has_layers_of_its_own() -> None:
    """π_ref is a copy of the policy: it must not run the policy's weights."""
    model = tiny.tiny_model()
    compile_layers(model, backend="eager")
    copied = deepcopy(model)
    assert is_compiled(model)
    assert not is_compiled(copied)
    with compiled_layers(model):
        assert all("forward" in vars(layer) for layer in model.model.layers)
    assert not any("forward" in vars(layer) for layer in model.model.layers)
    with compiled_layers(copied):
        assert not any("forward" in vars(layer) for layer in copied.model.layers)
