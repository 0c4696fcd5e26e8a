"""Sampler, optimizer, reference and the others are those that the recipe names."""

from pathlib import Path
from typing import Any

import pytest
import torch
from whet.grpo.kl_penalty import KlPenalty

from batches import prompt, ragged_batch
from whet.build.policy import build_policy
from whet.build.roles import build_asking, build_optimizer, build_reference, build_sampler, place_kl
from whet.data.curriculum import ByPassRate, Observed
from whet.grpo.dynamic_sampling import DynamicSampling
from whet.grpo.replay import Replay
from whet.policy.language_model import LanguageModel
from whet.types import Problem
from wiring import shrunk

SILENT: Any = lambda text: None  # noqa: E731


def policy_of(config: Any) -> LanguageModel:
    return build_policy(config, SILENT)


@pytest.mark.parametrize(
    ("purpose", "temperature", "longest", "how"),
    [
        ("train", None, 12, (0.9, 0.8)),
        ("check", None, 12, (0.9, 0.8)),
        ("evaluate", None, 20, (0.9, 0.8)),
        ("evaluate", 0.0, 20, (0.0, 1.0)),
        ("evaluate", 0.5, 20, (0.5, 1.0)),
    ],
)
def test_what_a_sampler_is_for_decides_how_long_it_goes_on(
    tiny_folder: Path, tmp_path: Path, purpose: str, temperature: float | None, longest: int, how: tuple[float, float]
) -> None:
    """The check is about the training to come, so it must truncated where the training will."""
    changes = {"grpo.sampling.temperature": 0.9, "grpo.sampling.top_p": 0.8, "eval.max_tokens": 20}
    sampler: Any = build_sampler(shrunk(tiny_folder, tmp_path, changes), purpose, temperature)
    assert sampler.max_tokens == longest
    assert (sampler.how.temperature, sampler.how.top_p) == how


def test_samplers_of_two_purposes_draw_apart(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path)
    policy = policy_of(config)
    question = prompt("1", (1, 20, 21))
    drawn = []
    for purpose in ("train", "train", "check"):
        sampler = build_sampler(config, purpose)
        sampler.load(policy)
        drawn.append([rollout.tokens for rollout in sampler.sample([question], 2, 0)[0]])
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def step(policy: LanguageModel, config: Any) -> None:
    """One step that makes a few tokens likelier."""
    optimizer = build_optimizer(policy, config.grpo.optimizer, 1)
    batch = ragged_batch([4], [[3]])
    optimizer.backward(-policy.logprobs(batch).sum())
    assert optimizer.step(0)["learning_rate"] == pytest.approx(1e-3)


def test_the_optimizer_moves_the_policy(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path)
    policy = policy_of(config)
    batch = ragged_batch([4], [[3]])
    before = policy.logprobs(batch).sum().item()
    step(policy, config)
    assert policy.logprobs(batch).sum().item() > before


def test_without_beta_no_reference_is_kept(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path)
    assert build_reference(policy_of(config), config).logprobs(ragged_batch([4], [[3]])) is None


@pytest.mark.parametrize("lora", [False, True])
@pytest.mark.parametrize("warmed", [False, True])
def test_the_reference_is_the_policy_as_it_is_and_stays(
    tiny_folder: Path, tmp_path: Path, lora: bool, warmed: bool
) -> None:
    """Also under LoRA after a warm start, where taking the adapters away would go back to the cold model."""
    changes = {"grpo.objective.beta": 0.1, **({"model.lora.rank": 2} if lora else {})}
    config = shrunk(tiny_folder, tmp_path, changes)
    policy = policy_of(config)
    cold = policy.logprobs(ragged_batch([4], [[3]])).detach()
    for _ in range(3 if warmed else 0):
        step(policy, config)
    batch = ragged_batch([4], [[3]])
    now = policy.logprobs(batch).detach()
    assert torch.equal(now, cold) is not warmed
    reference = build_reference(policy, config, warmed)
    for _ in range(3):
        step(policy, config)
    assert not torch.allclose(policy.logprobs(batch), now)
    kept = reference.logprobs(batch)
    assert kept is not None
    assert not kept.requires_grad
    torch.testing.assert_close(kept, now)


def test_the_kl_goes_where_the_recipe_says(tiny_folder: Path, tmp_path: Path) -> None:
    """In the reward it leaves the loop without a reference, so that it is not counted twice."""
    grader, reference = object(), object()

    def placed(**choices: Any) -> Any:
        changes = {f"grpo.objective.{name}": value for name, value in choices.items()}
        return place_kl(shrunk(tiny_folder, tmp_path, changes), grader, reference)  # type: ignore[arg-type]

    assert placed(beta=0.1) == (grader, reference)
    assert placed(name="rloo") == (grader, reference)
    penalty, none = placed(name="rloo", beta=0.1)
    assert none.reference is reference
    assert isinstance(penalty, KlPenalty)
    assert (penalty.grader, penalty.reference, penalty.config.beta) == (grader, reference, 0.1)
    assert none.logprobs(ragged_batch([4], [[3]])) is None


def test_problems_come_as_the_recipe_says(tiny_folder: Path, tmp_path: Path) -> None:
    def asking(**changes: Any) -> Any:
        config = shrunk(tiny_folder, tmp_path, {f"grpo.{name}": value for name, value in changes.items()})
        return build_asking(config, stream, sampler, grader, 1.1)  # type: ignore[arg-type]

    stream, sampler, grader = object(), object(), object()
    plain = asking()
    assert (plain.problems, plain.grader, plain.told()) == (stream, grader, {})
    watched = asking(curriculum={"candidates": 3})
    assert isinstance(watched.problems, ByPassRate)
    assert isinstance(watched.grader, Observed)
    assert watched.grader.curriculum is watched.problems
    assert (watched.problems.candidates, watched.problems.full_marks) == (3, 1.1)
    dynamic = asking(draws=4, curriculum={"by": "pass_rate"})
    assert dynamic.problems is dynamic.grader
    assert isinstance(dynamic.problems, DynamicSampling)
    assert (dynamic.problems.rounds, dynamic.problems.sampler) == (4, sampler)
    assert isinstance(dynamic.problems.problems, ByPassRate)
    dynamic.problems.metrics = {"dynamic/groups": 3.0}
    assert dynamic.told() == {"dynamic/groups": 3.0}


def test_replay_sees_what_is_graded_and_is_under_dynamic_sampling(tiny_folder: Path, tmp_path: Path) -> None:
    def asking(**changes: Any) -> Any:
        config = shrunk(tiny_folder, tmp_path, {f"grpo.{name}": value for name, value in changes.items()})
        return build_asking(config, stream, sampler, grader, 1.1)  # type: ignore[arg-type]

    stream, sampler, grader = object(), object(), object()
    assert asking().memories == {}
    plain = asking(replay={"pass_rate": 0.5})
    assert isinstance(plain.problems, Replay)
    assert plain.problems is plain.grader is plain.memories["replay"]
    assert (plain.problems.problems, plain.problems.grader) == (stream, grader)
    assert plain.problems.config.pass_rate == 0.5
    assert plain.problems.check_answer("<think>a</think> <answer>7</answer>", Problem("1", "?", "7")).correct
    assert plain.told() == {"replay/rollouts": 0.0, "replay/age": 0.0, "replay/problems": 0.0}
    whole = asking(replay={}, draws=2, curriculum={"by": "pass_rate"})
    assert isinstance(whole.problems, DynamicSampling)
    assert whole.problems.grader is whole.problems.problems is whole.memories["replay"]
    assert whole.memories["pass_rates"] is whole.memories["replay"].problems
    assert isinstance(whole.memories["replay"].grader, Observed), "pass rates are of what was sampled"
    whole.problems.metrics = {"dynamic/groups": 3.0}
    assert set(whole.told()) == {*plain.told(), "dynamic/groups"}
