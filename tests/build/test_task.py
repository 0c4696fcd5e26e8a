"""From a recipe to live objects."""

import json
from pathlib import Path
from typing import Any

import pytest

import tiny
from batches import prompt
from whet.build.policy import build_policy
from whet.build.task import build_grader, build_task, longest_response
from whet.errors import UserError
from whet.formats import build_format
from whet.policy.language_model import LanguageModel
from whet.types import ComparisonTimeout, Rollout
from whet.workers.math_compare import NoVerdictError
from wiring import shrunk

SILENT: Any = lambda text: None  # noqa: E731


def policy_of(config: Any) -> LanguageModel:
    return build_policy(config, SILENT)


def rows(folder: Path, name: str, questions: list[str], solution: str = "") -> str:
    path = folder / name
    lines = [{"question": question, "answer": "1", "solution": solution} for question in questions]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def test_the_reward_is_the_weighted_sum(tiny_folder: Path, tmp_path: Path) -> None:
    asked = [{"name": "accuracy", "weight": 2.0}, {"name": "format_soft", "weight": 0.25}]
    config = shrunk(tiny_folder, tmp_path, {"rewards": asked})
    mixture = build_grader(config, build_format(config.format))
    question = prompt("1", (1, 2), answer="7")
    texts = ["<think>a</think> <answer>7</answer>", "<think>a</think> <answer>8</answer>", "7"]
    graded = mixture.grade([question], [[Rollout((1,), (-1.0,), text, "stop") for text in texts]])
    (group,) = graded.groups
    assert [reward.total for reward in group.rewards] == [2.25, 0.25, 0.0]
    assert mixture.full_marks(0) == 2.25


class Late:
    """Plays `Algebra`: no comparison ends in time."""

    workers, limit = (None,), 5.0

    def equal(self, given: str, gold: str) -> bool:
        raise NoVerdictError("took too long")


def test_comparisons_that_ran_out_of_time_are_of_the_grading_that_made_them(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, and apart from those of the exam."""
    monkeypatch.setattr("whet.workers.math_compare.shared_algebra", Late)
    task = build_task(shrunk(tiny_folder, tmp_path, {"rewards": ["accuracy"]}), tiny.tiny_tokenizer())
    question = prompt("1", (1, 2), answer="1 + x^2")
    late = ComparisonTimeout("x^2 + 1", "1 + x^2", "took too long")
    texts = ["<think>a</think> <answer>x^2 + 1</answer>", "<think>a</think> <answer>1 + x^2</answer>"]
    outputs = [[Rollout((1,), (-1.0,), text, "stop") for text in texts]]
    for _ in range(2):
        graded = task.reward.grade([question], outputs)
        assert graded.timeouts == (late,)
        assert [reward.total for reward in graded.groups[0].rewards] == [0.0, 1.0]
    assert task.eval_set.equal.take_timeouts() == []
    assert not task.eval_set.check_answer(texts[0], question.problem).correct
    assert task.eval_set.equal.take_timeouts() == [late]
    assert task.reward.grade([], []).timeouts == ()


def test_a_task_holds_problems_apart(tiny_folder: Path, tmp_path: Path) -> None:
    task = build_task(shrunk(tiny_folder, tmp_path), tiny.tiny_tokenizer())
    asked = {one.problem.question for one in task.eval_set.prompts}
    assert len(asked) == len(task.eval_set.prompts) == 6
    assert asked.isdisjoint(task.train[i].question for i in range(300))
    drawn = task.stream.draw(2, 0)
    assert [one.tokens for one in drawn] == [task.renderer.render(one.problem).tokens for one in drawn]


def test_the_exam_does_not_depend_on_the_seed(tiny_folder: Path, tmp_path: Path) -> None:
    one, other = (build_task(shrunk(tiny_folder, tmp_path, {"seed": seed}), tiny.tiny_tokenizer()) for seed in (0, 1))
    assert one.eval_set.prompts == other.eval_set.prompts
    assert one.stream.draw(4, 0) != other.stream.draw(4, 0)


def test_the_exam_has_no_more_problems_than_there_are(tiny_folder: Path, tmp_path: Path) -> None:
    data = {
        "data.train": {"name": rows(tmp_path, "train.jsonl", ["a b", "c d"])},
        "data.test": {"name": rows(tmp_path, "test.jsonl", ["e f", "g h"])},
    }
    task = build_task(shrunk(tiny_folder, tmp_path, {**data, "eval.problems": 100}), tiny.tiny_tokenizer())
    assert {one.problem.question for one in task.eval_set.prompts} == {"e f", "g h"}


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
    assert len(task.eval_set.prompts) == 30
    whole = build_task(config, tiny.tiny_tokenizer())
    assert (len(whole.train), len(whole.eval_set.prompts)) == (32, 31)


@pytest.mark.parametrize(("purpose", "tokens"), [("train", 7), ("check", 7), ("eval", 9), ("test", 9)])
def test_a_measurement_may_have_a_limit_of_its_own(
    tiny_folder: Path, tmp_path: Path, purpose: str, tokens: int
) -> None:
    own = shrunk(tiny_folder, tmp_path, {"grpo.sampling.max_tokens": 7, "eval.max_tokens": 9})
    assert longest_response(own, purpose) == tokens
    assert longest_response(shrunk(tiny_folder, tmp_path, {"grpo.sampling.max_tokens": 7}), purpose) == 7
