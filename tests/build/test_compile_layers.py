"""Whether compiling pays: by hand, and what is done about it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch._dynamo

import tiny
from whet.build import compile_layers as module
from whet.build.compile_layers import compile_where_it_pays, seconds_saved
from whet.compute import machine
from whet.compute.limit import Machine
from whet.policy import compiled_layers
from whet.policy.language_model import LanguageModel
from wiring import shrunk


def policy(device: str, is_sharded: bool = False) -> Any:
    """A policy that says it is on a device."""
    model = tiny.tiny_model(hidden_size=64, intermediate_size=128, num_hidden_layers=2, dtype=torch.bfloat16)
    return SimpleNamespace(model=model, device=torch.device(device), fused=True, is_sharded=is_sharded)


def test_seconds_saved_by_hand(tmp_path: Path) -> None:
    """10 steps of 2 passes over 2 × 4 × 12 / 2 = 48 tokens; 2 layers of 160 · 64 + 37 · 128 numbers of two bytes."""
    config = shrunk(tmp_path, tmp_path, {"grpo.steps": 10, "grpo.objective.iterations": 2})
    expected = 20 * 48 * 2 * (160 * 64 + 37 * 128) * 2 / 1000
    assert seconds_saved(policy("cuda"), config, 1000.0) == pytest.approx(expected)


@pytest.mark.parametrize(("micro", "parts"), [(None, 1), (48, 1), (16, 3)])
def test_seconds_of_the_host_saved_by_hand(micro: int | None, parts: int, tmp_path: Path) -> None:
    """On a fast GPU 20 passes of two layers save 4.2 ms for each micro-batch of the 48 tokens."""
    changes = {"grpo.steps": 10, "grpo.objective.iterations": 2, "grpo.micro_batch_tokens": micro}
    found = seconds_saved(policy("cuda"), shrunk(tmp_path, tmp_path, changes), 1e15)
    assert found == pytest.approx(20 * 2 * 4.2e-3 * parts)


@pytest.mark.parametrize(
    ("device", "setting", "bandwidth", "compiled"),
    [
        ("cuda", "auto", 1.0, True),
        ("cuda", "auto", 1e12, False),
        ("cuda", "always", 1e12, True),
        ("cuda", "never", 1.0, False),
        ("cpu", "always", 1.0, False),
    ],
)
def test_where(
    device: str, setting: str, bandwidth: float, compiled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "measure_machine", lambda *_: Machine(1.0, bandwidth))
    monkeypatch.delenv(module.CACHE, raising=False)
    monkeypatch.setenv("WHET_CACHE", str(tmp_path))
    asked: list[Any] = []
    monkeypatch.setattr(compiled_layers, "compile_layers", asked.append)
    lines: list[str] = []
    monkeypatch.setattr(module, "_fault", lambda policy, config: "")
    compile_where_it_pays(policy(device), shrunk(tmp_path, tmp_path, {"model.compile": setting}), lines.append)
    assert len(asked) == len(lines) == compiled


def test_layers_that_processes_divide_are_not_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(compiled_layers, "compile_layers", asked.append)
    config = shrunk(tmp_path, tmp_path, {"model.compile": "always"})
    compile_where_it_pays(policy("cuda", is_sharded=True), config, asked.append)
    assert asked == []


@pytest.mark.parametrize("breaks", [False, True])
def test_layers_that_do_not_compile_run_as_they_are(
    breaks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiler may be missing, or fail in the backward only."""
    compile_layers = compiled_layers.compile_layers

    def with_backend(model: Any) -> None:
        compile_layers(model, broken if breaks else "eager")  # type: ignore[arg-type]

    def broken(graph: Any, inputs: Any) -> Any:
        raise FileNotFoundError("no compiler\nanywhere")

    monkeypatch.setattr(compiled_layers, "compile_layers", with_backend)
    monkeypatch.setenv("WHET_CACHE", str(tmp_path))
    monkeypatch.delenv(module.CACHE, raising=False)
    real = LanguageModel(tiny.tiny_model(), None)
    monkeypatch.setattr(LanguageModel, "device", torch.device("cuda"))
    lines: list[str] = []
    compile_where_it_pays(real, shrunk(tmp_path, tmp_path, {"model.compile": "always"}), lines.append)
    assert compiled_layers.is_compiled(real.model) == (not breaks)
    assert len(lines) == 1 + breaks
    if breaks:
        assert "cannot be compiled here" in lines[1]
        assert "\n" not in lines[1]
    torch._dynamo.reset()


@pytest.mark.parametrize(("micro", "longest"), [(4096, 100), (256, 512), (128, 9), (None, 20000)])
def test_what_compiled_layers_are_tried_on(micro: int | None, longest: int, tmp_path: Path) -> None:
    """About a micro-batch, within it; lengths and counts that differ."""
    keys = {"grpo.micro_batch_tokens": micro, "grpo.sampling.max_tokens": longest}
    groups = module._micro_batch(shrunk(tmp_path, tmp_path, keys))
    tokens = sum(len(g.prompt.tokens) + sum(len(r.tokens) for r in g.rollouts) for g in groups)
    assert 0.5 * (micro or 8192) <= tokens <= (micro or 8192)
    sizes = [[len(rollout.tokens) for rollout in group.rollouts] for group in groups]
    counts = [sum(len(group.prompt.tokens) for group in groups), sum(map(len, sizes)), sum(map(sum, sizes))]
    assert len({*counts, max(map(max, sizes))}) == len(counts) + 1
    assert all(len(some) > 1 for some in sizes)
