"""The watch by hand."""

import time
from types import SimpleNamespace

import pytest

from benchmarks.contenders.trl_trainer import TUNED, Stopwatch


def test_phases_and_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    def samples() -> str:
        clock[0] += 3.0
        return "tokens"

    owner, watch = SimpleNamespace(samples=samples), Stopwatch()
    watch.time(owner, "samples", "rollout")
    for _ in range(2):
        watch.begin()
        assert owner.samples() == "tokens"
        clock[0] += 5.0
        watch.phases["optimizer"] += 1.0  # type: ignore[assignment]
        watch.end()
    assert watch.steps == [{"step": 8.0, "rollout": 3.0, "optimizer": 1.0, "learn": 4.0}] * 2


def test_tuned_says_what_it_leaves_out() -> None:
    assert TUNED["gradient_checkpointing"] is False
    assert TUNED["optim"] == "adamw_torch_fused"
