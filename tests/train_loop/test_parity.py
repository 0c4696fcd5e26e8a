"""Sampler against learner: what is said, what happens where they disagree, and the gate at every step."""

from pathlib import Path
from typing import Any

import pytest
import torch

import tiny
from whet.build.policy import build_policy
from whet.build.roles import build_rollouts, build_sampler
from whet.build.task import build_task
from whet.errors import UserError
from whet.policy.language_model import LanguageModel
from whet.rollout.engine import decoder
from whet.train_loop.parity import GATES, PROMPTS, Agreement, agreeing_policy, agreement, disagreement
from wiring import shrunk


def wired(folder: Path, runs: Path) -> tuple[Any, Any, Any, Any]:
    """A policy, and what `agreement` takes besides: a sampler, rollouts from it, prompts."""
    config = shrunk(folder, runs)
    policy = build_policy(config, lambda text: None)
    sampler = build_sampler(config)
    prompts = build_task(config, policy.tokenizer).stream.draw(PROMPTS, 0)
    return policy, sampler, build_rollouts(config, sampler, policy.tokenizer, "parity"), prompts


def turns_the_wrong_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that rotates queries and keys the wrong way."""
    real = decoder.rotated
    monkeypatch.setattr(decoder, "rotated", lambda x, cosine, sine: real(x, cosine, -sine))


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_the_fast_paths_agree_and_the_run_says_so(family: str, tmp_path: Path) -> None:
    policy, *rest = wired(tiny.save_tiny(tmp_path / "model", family), tmp_path)
    lines: list[str] = []
    assert agreeing_policy(policy, *rest, lines.append) is policy
    assert policy.fused
    found, _ = agreement(policy, *rest)
    assert found.largest <= 1e-4
    assert found.mean <= found.largest
    way = "fused decoder, prompts shared by their responses"
    assert lines == [f"engine: {way}; sampler and learner agree to {found}"]


def test_a_family_without_fast_paths(tmp_path: Path) -> None:
    policy, *rest = wired(tiny.save_tiny(tmp_path / "model", "gemma3", attn_logit_softcapping=50.0), tmp_path)
    lines: list[str] = []
    assert agreeing_policy(policy, *rest, lines.append) is policy
    assert agreement(policy, *rest)[0].largest <= 1e-4
    assert lines[0].startswith("engine: the model's own forward; ")


def test_a_fast_path_that_is_wrong_is_left_for_the_models_own_forward(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a policy of its own; the one that was handed in stays as it is."""
    policy, *rest = wired(tiny_folder, tmp_path)
    turns_the_wrong_way(monkeypatch)
    lines: list[str] = []
    found = agreeing_policy(policy, *rest, lines.append)
    assert (policy.fused, found.fused) == (True, False)
    assert found.model is policy.model
    assert agreement(found, *rest)[0].largest <= 1e-4
    assert lines[0].startswith("the fast paths disagree by ")
    assert lines[1].startswith("engine: the model's own forward; ")


def test_where_nothing_agrees_the_run_ends_before_it_began(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, *rest = wired(tiny_folder, tmp_path)
    real = type(policy).logprobs
    monkeypatch.setattr(type(policy), "logprobs", lambda self, batch: real(self, batch) - 0.25)
    with pytest.raises(UserError, match=r"disagree by 0\.25 nats a token, at most 0\.25, where float32 explains 0\.01"):
        agreeing_policy(policy, *rest, lambda text: None)


def test_the_measure_is_of_the_tokens_that_were_sampled(tiny_folder: Path, tmp_path: Path) -> None:
    """A learner that is off by 1 on one response in eight, by its mean length in tokens."""
    policy, sampler, sample, prompts = wired(tiny_folder, tmp_path)
    exact = policy.logprobs

    def off(batch: Any) -> Any:
        seen.append(batch)
        return exact(batch) + torch.eye(len(batch))[:, :1]

    seen: list[Any] = []
    policy.logprobs = off
    found, _ = agreement(policy, sampler, sample, prompts)
    (batch,) = seen
    assert len(batch) == 8
    assert found.largest == pytest.approx(1.0, abs=1e-4)
    assert found.mean == pytest.approx(int(batch.lengths_B[0]) / int(batch.mask_BT.sum()), abs=1e-4)
    assert sampler.engine is None, "the engine's memory is free again"


@pytest.mark.parametrize(("mean", "holds"), [(0.0, True), (0.01, True), (0.011, False), (float("nan"), False)])
def test_rounding_and_no_rounding(mean: float, holds: bool) -> None:
    assert Agreement(mean, mean, 0.01).holds is holds


def test_a_model_whose_weights_are_no_numbers_is_what_is_named() -> None:
    policy = LanguageModel(tiny.tiny_model(), tiny.tiny_tokenizer())
    nothing = float("nan")
    assert disagreement(Agreement(nothing, nothing, 0.01), policy).startswith(
        "model.name: its log-probabilities are no"
    )
    assert disagreement(Agreement(0.5, 0.9, 0.01), policy).startswith("sampler and learner disagree by 0.5 nats")


def test_every_type_has_a_gate() -> None:
    types = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
    assert {str(dtype) for dtype in types} == {f"torch.{name}" for name in GATES}
