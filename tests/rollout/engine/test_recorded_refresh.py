"""Weights that are copied in place by a replay, with a recorder that replays on a CPU."""

from typing import Any

import pytest
import torch

import tiny
from stand_in_gpu import Recorder
from whet.rollout.engine.cuda_graph import Work
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.fused_weights import tensors_of
from whet.rollout.engine.recorded_refresh import RecordedRefresh


def changed(model: Any) -> Any:
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(1.5)
    return model


def assert_fused(weights: Any, model: Any) -> None:
    for found, expected in zip(tensors_of(weights), tensors_of(fuse(model)), strict=True):
        assert torch.equal(found, expected)


def test_it_is_recorded_once_and_copies_what_the_weights_are_then() -> None:
    model, recorder = tiny.tiny_model(), Recorder()
    weights = fuse(model)
    refreshed = RecordedRefresh(weights, recorder)
    for _ in range(3):
        refreshed(changed(model))
        assert_fused(weights, model)
    assert recorder.recorded == 1


def test_weights_that_lie_elsewhere_are_copied_without_the_graph() -> None:
    """It is not recorded anew, as a graph must not be dropped alone; adapters come and go in a warm start."""
    model, recorder = tiny.tiny_model(), Recorder()
    weights, plain = fuse(model), model.model.norm.weight.data
    refreshed = RecordedRefresh(weights, recorder)
    refreshed(model)
    for moved in (2 * plain, plain):
        model.model.norm.weight.data = moved
        refreshed(model)
        assert_fused(weights, model)
    assert recorder.recorded == 1


def test_what_is_forgotten_is_recorded_anew() -> None:
    model, recorder = tiny.tiny_model(), Recorder()
    weights = fuse(model)
    refreshed = RecordedRefresh(weights, recorder)
    for _ in range(2):
        refreshed(changed(model))
        refreshed.forget()
        assert_fused(weights, model)
    assert recorder.recorded == 2


def test_what_cannot_be_recorded_is_copied_each_time() -> None:
    asked: list[Work] = []

    def fails(work: Work) -> Work:
        asked.append(work)
        raise RuntimeError("operation not permitted when stream is capturing")

    model = tiny.tiny_model("granite")
    weights = fuse(model)
    refreshed = RecordedRefresh(weights, fails)
    for _ in range(2):
        refreshed(changed(model))
        assert_fused(weights, model)
    assert len(asked) == 1


def test_a_divided_model_is_gathered_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet.rollout.engine.recorded_refresh.is_sharded", lambda model: True)
    model, recorder = tiny.tiny_model(), Recorder()
    weights = fuse(model)
    RecordedRefresh(weights, recorder)(changed(model))
    assert_fused(weights, model)
    assert recorder.recorded == 0
