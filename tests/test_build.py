"""From a recipe to live objects."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from batches import prompt, ragged_batch
from whet.build import (
    build_asking,
    build_judge,
    build_optimizer,
    build_policy,
    build_reference,
    build_reward,
    build_sampler,
    build_task,
    build_tests,
    longest_response,
    place_kl,
)
from whet.config import FormatConfig
from whet.data.curriculum import ByPassRate, Observed
from whet.errors import UserError
from whet.formats import build_format
from whet.grpo.dynamic_sampling import DynamicSampling
from whet.grpo.kl_penalty import KlPenalty
from whet.grpo.replay import Replay
from whet.policy.language_model import LanguageModel
from whet.types import Problem, Rollout
from wiring import shrunk

SILENT: Any = lambda text: None  # noqa: E731


def policy_of(config: Any) -> LanguageModel:
    return build_policy(config, SILENT)


def rows(folder: Path, name: str, questions: list[str], solution: str = "") -> str:
    path = folder / name
    lines = [{"question": question, "answer": "1", "solution": solution} for question in questions]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def test_a_task_holds_problems_apart(tiny_folder: Path, tmp_path: Path) -> None:
    task = build_task(shrunk(tiny_folder, tmp_path), tiny.tiny_tokenizer())
    asked = {one.problem.question for one in task.exam.prompts}
    assert len(asked) == len(task.exam.prompts) == 6
    assert asked.isdisjoint(task.train[i].question for i in range(300))
    drawn = task.stream.draw(2, 0)
    assert [one.tokens for one in drawn] == [task.renderer.render(one.problem).tokens for one in drawn]


def test_the_exam_does_not_depend_on_the_seed(tiny_folder: Path, tmp_path: Path) -> None:
    one, other = (build_task(shrunk(tiny_folder, tmp_path, {"seed": seed}), tiny.tiny_tokenizer()) for seed in (0, 1))
    assert one.exam.prompts == other.exam.prompts
    assert one.stream.draw(4, 0) != other.stream.draw(4, 0)


def test_the_exam_has_no_more_problems_than_there_are(tiny_folder: Path, tmp_path: Path) -> None:
    data = {
        "data.train": {"name": rows(tmp_path, "train.jsonl", ["a b", "c d"])},
        "data.test": {"name": rows(tmp_path, "test.jsonl", ["e f", "g h"])},
    }
    task = build_task(shrunk(tiny_folder, tmp_path, {**data, "eval.problems": 100}), tiny.tiny_tokenizer())
    assert {one.problem.question for one in task.exam.prompts} == {"e f", "g h"}


@pytest.mark.parametrize("when", ["auto", "always", "never"])
def test_solutions_are_those_of_the_problems_unless_the_recipe_says(
    tiny_folder: Path, tmp_path: Path, when: str
) -> None:
    own = {"name": rows(tmp_path, "own.jsonl", ["x y"], "because")}
    config = shrunk(tiny_folder, tmp_path, {"sft.when": when, "sft.data": own})
    task = build_task(config, tiny.tiny_tokenizer())
    assert (task.solutions is task.train) is (when == "never")
    plain = build_task(shrunk(tiny_folder, tmp_path, {"sft.when": when}), tiny.tiny_tokenizer())
    assert plain.solutions is plain.train


def test_solutions_to_held_out_questions_are_refused(tiny_folder: Path, tmp_path: Path) -> None:
    """The warm start trains too: what it imitates must not be asked afterwards."""
    data = {
        "data.train": {"name": rows(tmp_path, "train.jsonl", ["a b", "c d"])},
        "data.test": {"name": rows(tmp_path, "test.jsonl", ["What is 1 + 0?"])},
        "sft.data": {"name": rows(tmp_path, "own.jsonl", ["what is 1+0 ?", "x y"], "because")},
    }
    with pytest.raises(UserError, match="1 held-out questions are also trained on"):
        build_task(shrunk(tiny_folder, tmp_path, data), tiny.tiny_tokenizer())
    build_task(shrunk(tiny_folder, tmp_path, {**data, "sft.when": "never"}), tiny.tiny_tokenizer())


@pytest.mark.parametrize(
    ("text", "correct", "lenient", "answer", "formatted"),
    [
        ("<think>3 + 4 = 7</think> <answer>7</answer>", True, True, "7", True),
        ("<think>3 + 4 = 7</think> <answer>7.0</answer>", True, True, "7.0", True),
        ("<think>3 + 4 = 8</think> <answer>8</answer>", False, False, "8", True),
        ("The answer is 7.", False, True, "7", False),
        ("The answer is 8.", False, False, "8", False),
        ("no idea", False, False, None, False),
        ("", False, False, None, False),
    ],
)
def test_the_judge(text: str, correct: bool, lenient: bool, answer: str | None, formatted: bool) -> None:
    judge = build_judge(build_format(FormatConfig(name="think_answer")))
    found = judge(text, Problem("1", "What is 3 + 4?", "7"))
    assert (found.correct, found.lenient, found.answer, found.formatted) == (correct, lenient, answer, formatted)


def test_the_judge_asks_the_problems_own_verifier() -> None:
    judge = build_judge(build_format(FormatConfig(name="think_answer")))
    problem = Problem("1", "Make 24.", "8 * 3", columns={"verifier": lambda text: float(text in ("4 * 6", "8 * 3"))})
    texts = ["<think>a</think> <answer>4 * 6</answer>", "<think>a</think> <answer>24</answer>", "no idea"]
    assert [judge(text, problem).correct for text in texts] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "correct", "lenient", "answer"),
    [
        ("<think>a</think> <answer>good</answer>", True, True, "good"),
        ("<think>a</think> <answer>\n```python\ngood\n```</answer>", True, True, "good\n"),
        ("<think>a</think> <answer>bad</answer>", False, False, "bad"),
        ("```python\ngood\n```", False, True, "good\n"),
        ("good", False, False, None),
        ("", False, False, None),
    ],
)
def test_the_judge_of_programs_runs_their_tests(text: str, correct: bool, lenient: bool, answer: str | None) -> None:
    def tests(problem: Problem, program: str) -> float:
        assert problem.columns["tests"] == ["assert good"]
        return 1.0 if program.strip() == "good" else 0.5

    judge = build_judge(build_format(FormatConfig(name="think_answer")), tests)
    found = judge(text, Problem("1", "Be good.", "good", columns={"tests": ["assert good"]}))
    assert (found.correct, found.lenient, found.answer) == (correct, lenient, answer)


def test_a_recipe_that_rewards_tests_is_measured_by_all_of_them(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []

    def open_code_tests(params: Any, aloud: bool) -> Any:
        opened.append((params, aloud))
        return lambda exercises: [[one.program == "good", True] for one in exercises]

    monkeypatch.setattr("whet.outside.open_code_tests", open_code_tests)
    asked = [{"name": "format_soft"}, {"name": "code_tests", "params": {"tests": "checks", "fraction": True}}]
    tests = build_tests(shrunk(tiny_folder, tmp_path, {"rewards": asked}))
    assert tests is not None
    problem = Problem("1", "q", "good", columns={"checks": ["assert 1", "assert 2"], "completions": "not passed on"})
    assert [tests(problem, program) for program in ("good", "bad")] == [1.0, 0.0]
    assert [(params.tests, params.fraction, aloud) for params, aloud in opened] == [("checks", False, False)]
    assert build_tests(shrunk(tiny_folder, tmp_path)) is None


def test_the_reward_is_the_weighted_sum(tiny_folder: Path, tmp_path: Path) -> None:
    asked = [{"name": "accuracy", "weight": 2.0}, {"name": "format_soft", "weight": 0.25}]
    config = shrunk(tiny_folder, tmp_path, {"rewards": asked})
    mixture = build_reward(config, build_format(config.format))
    question = prompt("1", (1, 2), answer="7")
    texts = ["<think>a</think> <answer>7</answer>", "<think>a</think> <answer>8</answer>", "7"]
    (group,) = mixture.grade([question], [[Rollout((1,), (-1.0,), text, "stop") for text in texts]])
    assert [reward.total for reward in group.rewards] == [2.25, 0.25, 0.0]
    assert mixture.full_marks == 2.25


def logits(model: Any) -> Tensor:
    with torch.no_grad():
        return model(input_ids=torch.arange(40).reshape(2, 20)).logits


def test_the_policy_is_the_model_and_knows_its_source(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"grpo.sampling.temperature": 0.7})
    policy = policy_of(config)
    torch.testing.assert_close(logits(policy.model), logits(tiny.tiny_model()), rtol=0, atol=0)
    assert policy.temperature == 0.7
    assert policy.source == str(tiny_folder)
    assert len(policy.trainable()) == len(list(policy.model.parameters()))


@pytest.mark.parametrize(("name", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_the_policy_computes_in_the_type_that_is_asked_for(
    tiny_folder: Path, tmp_path: Path, name: str, dtype: torch.dtype
) -> None:
    policy = policy_of(shrunk(tiny_folder, tmp_path, {"model.dtype": name}))
    assert {weight.dtype for weight in policy.model.parameters()} == {dtype}


def test_adapters_alone_learn_and_depend_on_the_seed(tiny_folder: Path, tmp_path: Path) -> None:
    adapters = [
        {name: w for name, w in policy_of(config).model.named_parameters() if w.requires_grad}
        for seed in (0, 0, 1)
        for config in [shrunk(tiny_folder, tmp_path, {"model.lora.rank": 2, "seed": seed})]
    ]
    assert all("lora_" in name for name in adapters[0])
    same, other = (
        [torch.equal(a, b) for a, b in zip(adapters[0].values(), some.values(), strict=True)] for some in adapters[1:]
    )
    assert all(same)
    assert not all(other)


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
    """The check is about the training to come, so it must cut off where the training will."""
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
    optimizer.accumulate(-policy.logprobs(batch).sum())
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


@pytest.mark.parametrize(("changes", "told"), [({}, False), ({"attn_logit_softcapping": 50.0}, True)])
def test_an_architecture_without_a_fast_path_is_told(tmp_path: Path, changes: dict[str, Any], told: bool) -> None:
    tiny.save_tiny(tmp_path / "model", "gemma3", **changes)
    said: list[str] = []
    build_policy(shrunk(tmp_path / "model", tmp_path), said.append)
    assert any("goes through its own forward: exact, but slower" in line for line in said) is told


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
    assert plain.problems.judge("<think>a</think> <answer>7</answer>", Problem("1", "?", "7")).correct
    assert plain.told() == {"replay/rollouts": 0.0, "replay/age": 0.0, "replay/problems": 0.0}
    whole = asking(replay={}, draws=2, curriculum={"by": "pass_rate"})
    assert isinstance(whole.problems, DynamicSampling)
    assert whole.problems.grader is whole.problems.problems is whole.memories["replay"]
    assert whole.memories["pass_rates"] is whole.memories["replay"].problems
    assert isinstance(whole.memories["replay"].grader, Observed), "pass rates are of what was sampled"
    whole.problems.metrics = {"dynamic/groups": 3.0}
    assert set(whole.told()) == {*plain.told(), "dynamic/groups"}


def test_problems_by_level(tiny_folder: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"question": f"{n}?", "answer": "1", "level": 9 - n}) + "\n" for n in range(8)))
    changes = {
        "data.train": {"name": str(rows)},
        "data.test": {"name": "arithmetic"},
        "grpo.curriculum": {"by": "level", "start": 0.1},
    }
    task = build_task(shrunk(tiny_folder, tmp_path, changes), tiny.tiny_tokenizer())
    assert [one.problem.question for one in task.stream.draw(1, 0)] == ["7?"]


def test_prompts_that_leave_no_room_are_left_out_of_both_splits(tiny_folder: Path, tmp_path: Path) -> None:
    """A tiny model reads 512 letters, of which 100 are for a response while training and 300 in the exam."""
    long, longer = "b " * 100, "c " * 250
    short, others = ([f"{letter} {number}" for number in range(30)] for letter in "ad")
    tolerant = {"params": {"max_broken": 0.1}}
    data = {
        "data.train": {"name": rows(tmp_path, "train.jsonl", [*short, long, longer]), **tolerant},
        "data.test": {"name": rows(tmp_path, "test.jsonl", [*others, "e " * 105]), **tolerant},
        "format": {"name": "plain", "system_prompt": ""},
        "grpo.sampling.max_tokens": 100,
        "eval.max_tokens": 300,
        "eval.problems": 100,
    }
    config = shrunk(tiny_folder, tmp_path, data)
    task = build_task(config, tiny.tiny_tokenizer(), context=512)
    assert {problem.question for problem in task.train} == {*short, long.strip()}
    assert len(task.exam.prompts) == 30
    whole = build_task(config, tiny.tiny_tokenizer())
    assert (len(whole.train), len(whole.exam.prompts)) == (32, 31)


@pytest.mark.parametrize(("purpose", "tokens"), [("train", 7), ("check", 7), ("eval", 9), ("test", 9)])
def test_a_measurement_may_have_a_limit_of_its_own(
    tiny_folder: Path, tmp_path: Path, purpose: str, tokens: int
) -> None:
    own = shrunk(tiny_folder, tmp_path, {"grpo.sampling.max_tokens": 7, "eval.max_tokens": 9})
    assert longest_response(own, purpose) == tokens
    assert longest_response(shrunk(tiny_folder, tmp_path, {"grpo.sampling.max_tokens": 7}), purpose) == 7
