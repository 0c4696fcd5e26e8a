"""Sampler, optimizer, reference and the others are those that the recipe names."""

from pathlib import Path
from typing import Any

import pytest
import torch

from batches import prompt, ragged_batch
from whet.build.policy import build_policy
from whet.build.roles import (
    Roles,
    build_experience,
    build_optimizer,
    build_reference,
    build_rollouts,
    build_sampler,
)
from whet.data.curriculum import ByPassRate, PassRateGrader
from whet.data.selective import Selective
from whet.errors import UserError
from whet.grpo.down_sampling import DownSampling
from whet.grpo.dynamic_sampling import DynamicSampling
from whet.grpo.experience import Loaded, OnPolicy
from whet.grpo.few_first import FewFirst
from whet.grpo.group_budget import ByBudget
from whet.grpo.kl_reward import KlReward
from whet.grpo.replay import Replay
from whet.policy.free_memory import free_bytes
from whet.policy.language_model import LanguageModel
from whet.rollout.native import NativeSampler
from whet.types import Problem, Reward, Rollout, SamplingParams
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
def test_what_rollouts_are_for_decides_how_long_they_go_on(
    tiny_folder: Path, tmp_path: Path, purpose: str, temperature: float | None, longest: int, how: tuple[float, float]
) -> None:
    """The check is about the training to come, so it must be truncated where the training will."""
    changes = {"grpo.sampling.temperature": 0.9, "grpo.sampling.top_p": 0.8, "eval.max_tokens": 20}
    sampler, tokenizer = object(), object()
    rollouts: Any = build_rollouts(
        shrunk(tiny_folder, tmp_path, changes),
        sampler,  # type: ignore[arg-type]
        tokenizer,
        purpose,
        temperature,
    )
    assert rollouts.params == SamplingParams(*how, max_tokens=longest)
    assert (rollouts.sampler, rollouts.tokenizer) == (sampler, tokenizer)


def test_one_sampler_draws_apart_for_two_purposes(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path)
    policy, sampler = policy_of(config), build_sampler(config)
    question = prompt("1", (1, 20, 21))
    sampler.load(policy)
    drawn = [
        [rollout.tokens for rollout in build_rollouts(config, sampler, policy.tokenizer, purpose)([question], 2, 0)[0]]
        for purpose in ("train", "train", "check")
    ]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_the_engine_is_the_one_that_the_recipe_names(tiny_folder: Path, tmp_path: Path) -> None:
    assert isinstance(build_sampler(shrunk(tiny_folder, tmp_path)), NativeSampler)
    wrong = shrunk(tiny_folder, tmp_path, {"rollout.engine": "nativ"})
    with pytest.raises(
        UserError, match=r"rollout\.engine: is 'nativ'; use native, vllm, ray, auto; did you mean native\?"
    ):
        build_sampler(wrong)


def step(policy: LanguageModel, config: Any) -> None:
    """One step that makes a few tokens likelier."""
    optimizer = build_optimizer(policy, config.grpo.optimizer, 1, 4096)
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


class Parts:
    """Stands for what `build_experience` is handed, by name."""

    policy, sampler, problems, sample, further, grader, reference = (object() for _ in range(7))


def full_marks(step: int) -> float:
    """Stands for what a mixture gives at most."""
    raise AssertionError(step)


class Logged:
    """Stands for what logs and times a grader."""

    def __init__(self, grader: Any) -> None:
        self.grader = grader


def built(folder: Path, tmp_path: Path, **changes: Any) -> Roles:
    config = shrunk(folder, tmp_path, {f"grpo.{name}": value for name, value in changes.items()})
    names = ("policy", "sampler", "problems", "sample", "further", "grader", "reference")
    given: Any = {name: getattr(Parts, name) for name in names}
    logged: Any = Logged
    return build_experience(config, **given, full_marks=full_marks, logged=logged)


def inside(experience: Any) -> Any:
    """What collects on the loaded engine."""
    assert type(experience) is Loaded
    assert (experience.sampler, experience.policy) == (Parts.sampler, Parts.policy)
    return experience.inner


def under_the_log(experience: Any) -> Any:
    """The outermost grader: it is the one that is timed and logged, and no other is."""
    assert type(experience.grader) is Logged
    outermost = inner = experience.grader.grader
    while inner is not Parts.grader:
        assert type(inner) is not Logged
        inner = inner.grader
    return outermost


def test_by_default_the_policy_answers_the_problems_of_the_step(tiny_folder: Path, tmp_path: Path) -> None:
    plain = built(tiny_folder, tmp_path)
    experience = inside(plain.experience)
    assert type(experience) is OnPolicy
    assert experience.problems is Parts.problems
    assert (experience.sample, under_the_log(experience)) == (Parts.sample, Parts.grader)
    assert experience.config == shrunk(tiny_folder, tmp_path).grpo
    assert (plain.reference, plain.memories) == (Parts.reference, {})


def test_the_kl_goes_where_the_recipe_says(tiny_folder: Path, tmp_path: Path) -> None:
    """In the reward it leaves the loop without a reference, so that it is not counted twice."""

    def placed(**choices: Any) -> Any:
        made = built(tiny_folder, tmp_path, **{f"objective.{name}": value for name, value in choices.items()})
        return made.experience, made.reference

    for choices in ({"beta": 0.1}, {"name": "rloo"}):
        experience, reference = placed(**choices)
        assert (type(inside(experience)), reference) == (OnPolicy, Parts.reference)
    penalised, none = placed(name="rloo", beta=0.1)
    assert none.reference is Parts.reference
    assert isinstance(penalised, KlReward)
    assert type(inside(penalised.inner)) is OnPolicy, "the engine is free while the reference is asked"
    assert (penalised.reference, penalised.config.beta) == (Parts.reference, 0.1)
    assert none.logprobs(ragged_batch([4], [[3]])) is None


def test_problems_come_as_the_recipe_says(tiny_folder: Path, tmp_path: Path) -> None:
    watched = inside(built(tiny_folder, tmp_path, curriculum={"candidates": 3}).experience)
    assert isinstance(watched.problems, ByPassRate)
    assert isinstance(under_the_log(watched), PassRateGrader)
    assert under_the_log(watched).curriculum is watched.problems
    assert (watched.problems.candidates, watched.problems.full_marks) == (3, full_marks)
    dynamic = inside(built(tiny_folder, tmp_path, draws=4, curriculum={"by": "pass_rate"}).experience)
    assert isinstance(dynamic, DynamicSampling)
    assert type(dynamic.inner) is OnPolicy
    assert dynamic.rounds == 4
    assert isinstance(dynamic.inner.problems, ByPassRate)


def test_problems_without_a_signal_are_skipped_where_the_recipe_says_so(tiny_folder: Path, tmp_path: Path) -> None:
    choosing = built(tiny_folder, tmp_path, curriculum={"by": "signal", "candidates": 3})
    watched = inside(choosing.experience)
    assert isinstance(watched.problems, Selective)
    assert (watched.problems.problems, watched.problems.candidates) == (Parts.problems, 3)
    assert watched.problems.full_marks is full_marks
    assert under_the_log(watched).curriculum is watched.problems is choosing.memories["pass_rates"]


def test_groups_are_as_large_as_the_recipe_says(tiny_folder: Path, tmp_path: Path) -> None:
    few = inside(built(tiny_folder, tmp_path, group_size=4, first=2, draws=2).experience).inner
    assert type(few) is FewFirst
    assert (few.sample, few.further, few.first) == (Parts.sample, Parts.further, 2)
    whole = built(tiny_folder, tmp_path, sizes="pass_rate")
    allotted = inside(whole.experience)
    assert type(allotted) is ByBudget
    assert whole.memories == {"budget": allotted}
    assert allotted.full_marks is full_marks


def test_the_most_different_completions_are_chosen_once_the_engine_is_free(tiny_folder: Path, tmp_path: Path) -> None:
    chosen = built(tiny_folder, tmp_path, group_size=4, learn_from=2, draws=2).experience
    assert isinstance(chosen, DownSampling)
    assert chosen.size == 2
    assert isinstance(inside(chosen.inner), DynamicSampling)


def test_replay_sees_what_is_graded_and_is_under_dynamic_sampling(tiny_folder: Path, tmp_path: Path) -> None:
    plain = built(tiny_folder, tmp_path, replay={"pass_rate": 0.5})
    experience = inside(plain.experience)
    replay = under_the_log(experience)
    assert isinstance(replay, Replay)
    assert plain.memories == {"replay": replay}
    assert (experience.problems, replay.grader) == (Parts.problems, Parts.grader)
    assert replay.config.pass_rate == 0.5
    right = Rollout((1,), (-1.0,), "<think>a</think> <answer>7</answer>", "stop")
    assert replay.is_right(right, Reward(0.0), Problem("1", "?", "7"))
    assert not replay.is_right(right, Reward(0.0), Problem("1", "?", "8"))
    assert replay.take_timeouts() == []
    whole = built(
        tiny_folder,
        tmp_path,
        **{"replay": {}, "draws": 2, "curriculum": {"by": "pass_rate"}, "objective.name": "rloo", "objective.beta": 1},
    )
    outermost: Any = whole.experience
    assert isinstance(outermost, KlReward), "over all groups of the step, once they are chosen"
    dynamic = inside(outermost.inner)
    assert isinstance(dynamic, DynamicSampling)
    on_policy = dynamic.inner
    assert type(on_policy) is OnPolicy
    assert under_the_log(on_policy) is whole.memories["replay"]
    assert on_policy.problems is whole.memories["pass_rates"]
    watched = under_the_log(on_policy).grader
    assert isinstance(watched, PassRateGrader), "pass rates are of what was sampled"
    assert (watched.grader, watched.curriculum) == (Parts.grader, on_policy.problems)


@pytest.mark.parametrize("decoding", ["auto", "eager", "transformers"])
def test_the_native_engine_decodes_as_asked_within_the_memory_there_is(
    tiny_folder: Path, tmp_path: Path, decoding: str
) -> None:
    sampler = build_sampler(shrunk(tiny_folder, tmp_path, {"rollout.decoding": decoding}))
    assert isinstance(sampler, NativeSampler)
    assert sampler.engine_choice.decoding == decoding
    assert sampler.free_bytes is free_bytes
