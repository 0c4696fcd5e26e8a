"""Sampler against learner: what is said, what happens where they disagree, and the gate at every step."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import tiny
from batches import group
from whet.build.policy import build_policy
from whet.build.task import build_task
from whet.errors import UserError
from whet.rollout.engine import decoder
from whet.train_loop.parity import GATES, MAX, MEAN, Agreement, Gated, agreement, settle_engine
from wiring import listening, shrunk


def wired(folder: Path, runs: Path, changes: dict[str, Any] | None = None) -> tuple[Any, Any, Any]:
    config = shrunk(folder, runs, changes)
    policy = build_policy(config, lambda text: None)
    return policy, build_task(config, policy.tokenizer), config


def turns_the_wrong_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that rotates queries and keys the wrong way."""
    real = decoder.rotated
    monkeypatch.setattr(decoder, "rotated", lambda x, cosine, sine: real(x, cosine, -sine))


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_the_fast_paths_agree_and_the_run_says_so(family: str, tmp_path: Path) -> None:
    policy, task, config = wired(tiny.save_tiny(tmp_path / "model", family), tmp_path)
    lines, view = listening()
    found = settle_engine(policy, task, config, view)
    assert found.largest <= 1e-4
    assert found.mean <= found.largest
    assert policy.fused
    assert lines == [f"engine: fused decoder, prompts shared by their responses; sampler and learner agree to {found}"]


def test_a_family_without_fast_paths(tmp_path: Path) -> None:
    folder = tiny.save_tiny(tmp_path / "model", "gemma3", attn_logit_softcapping=50.0)
    policy, task, config = wired(folder, tmp_path)
    lines, view = listening()
    assert settle_engine(policy, task, config, view).largest <= 1e-4
    assert lines[0].startswith("engine: the model's own forward; ")


def test_a_fast_path_that_is_wrong_is_left_for_the_models_own_forward(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, task, config = wired(tiny_folder, tmp_path)
    turns_the_wrong_way(monkeypatch)
    lines, view = listening()
    found = settle_engine(policy, task, config, view)
    assert not policy.fused
    assert found.largest <= 1e-4
    assert lines[0].startswith("the fast paths disagree by ")
    assert lines[1].startswith("engine: the model's own forward; ")


def test_where_nothing_agrees_the_run_ends_before_it_began(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, task, config = wired(tiny_folder, tmp_path)
    real = type(policy).logprobs
    monkeypatch.setattr(type(policy), "logprobs", lambda self, batch: real(self, batch) - 0.25)
    with pytest.raises(UserError, match=r"disagree by 0\.25 nats a token, at most 0\.25, where float32 explains 0\.01"):
        settle_engine(policy, task, config, listening()[1])


def test_the_measure_is_of_the_tokens_that_were_sampled(tiny_folder: Path, tmp_path: Path) -> None:
    """A learner that is off by 1 on one response in eight, by its mean length in tokens."""
    policy, task, config = wired(tiny_folder, tmp_path)
    exact = policy.logprobs

    def off(batch: Any) -> Any:
        seen.append(batch)
        return exact(batch) + torch.eye(len(batch))[:, :1]

    seen: list[Any] = []
    policy.logprobs = off
    found = agreement(policy, task.stream.draw(4, 0), config)
    (batch,) = seen
    assert len(batch) == 8
    assert found.largest == pytest.approx(1.0, abs=1e-4)
    assert found.mean == pytest.approx(int(batch.lengths_B[0]) / int(batch.mask_BT.sum()), abs=1e-4)


@pytest.mark.parametrize(("mean", "holds"), [(0.0, True), (0.01, True), (0.011, False), (float("nan"), False)])
def test_rounding_and_no_rounding(mean: float, holds: bool) -> None:
    assert Agreement(mean, mean, 0.01).holds is holds


@pytest.mark.parametrize(
    ("dtype", "mean", "passes"),
    [
        (torch.float32, 0.009, True),
        (torch.float32, 0.02, False),
        (torch.bfloat16, 0.02, True),
        (torch.bfloat16, 0.2, False),
        (torch.bfloat16, float("nan"), True),  # `whet.train_loop.finite_loss` counts such steps
    ],
)
def test_the_gate_at_every_step(dtype: torch.dtype, mean: float, passes: bool) -> None:
    recorded: list[Any] = []
    run = SimpleNamespace(steps=lambda until: range(2, until), record=lambda *step: recorded.append(step))
    gated = Gated(run, SimpleNamespace(model=SimpleNamespace(dtype=dtype)))  # type: ignore[arg-type]
    assert list(gated.steps(4)) == [2, 3]
    step = (3, [group([1.0, 0.0])], [[1.0, -1.0]], {MEAN: mean, MAX: 0.5})
    if passes:
        gated.record(*step)
    else:
        with pytest.raises(UserError, match=r"^step 3: sampler and learner disagree by .* Try model\.dtype float32"):
            gated.record(*step)
    assert recorded == [step]


def test_every_type_has_a_gate() -> None:
    types = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
    assert {str(dtype) for dtype in types} == {f"torch.{name}" for name in GATES}
