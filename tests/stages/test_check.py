"""The check as a stage: gold answers, lengths, a probe."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tiny
from whet.build.policy import build_policy
from whet.build.roles import build_sampler
from whet.build.task import build_task
from whet.diagnose.report import CheckReport
from whet.stages.check import check, probe_model
from wiring import listening, shrunk, write_rewards


@pytest.fixture(scope="module")
def policy(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return build_policy(shrunk(tiny_folder, tmp_path_factory.mktemp("runs")), lambda text: None)


def checked(policy: Any, folder: Path, tmp_path: Path, changes: dict[str, Any]) -> tuple[CheckReport, list[str]]:
    config = shrunk(folder, tmp_path, changes)
    lines, view = listening()
    return check(policy, build_sampler(config), build_task(config, policy.tokenizer), config, view), lines


def rows(folder: Path, name: str, count: int, **columns: str) -> dict[str, str]:
    path = folder / name
    lines = [{"question": f"{name} {n}?", "answer": str(n), **columns} for n in range(count)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return {"name": str(path)}


def test_every_figure_is_of_the_size_that_was_asked_for(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    report, lines = checked(policy, tiny_folder, tmp_path, {"check.gold": 11})
    assert (report.gold_checked, len(report.gold_failures)) == (11, 0)
    assert (report.probe.problems, report.probe.samples, report.probe.group_size) == (4, 2, 4)
    assert report.lengths.max_tokens == 12
    assert report.lengths.context == 512
    assert [line.split("]")[0] for line in lines if line.startswith("[")] == ["[Check", "[Check 1/2", "[Check 2/2"]


def test_a_small_set_is_checked_whole(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    data = {"data.train": rows(tmp_path, "train.jsonl", 3), "data.test": rows(tmp_path, "test.jsonl", 2)}
    report, _ = checked(policy, tiny_folder, tmp_path, {**data, "check.gold": 1000})
    assert report.gold_checked == 3
    assert report.lengths.checked == 0, "there are no worked solutions to measure"
    assert report.diagnosis.warm_start is False


def test_lengths_are_those_of_what_would_be_learned(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    """One token per character, and the end token."""
    data = {
        "data.train": rows(tmp_path, "train.jsonl", 10, solution="because"),
        "data.test": rows(tmp_path, "test.jsonl", 2),
    }
    report, _ = checked(policy, tiny_folder, tmp_path, {**data, "format": "boxed", "format.system_prompt": ""})
    solutions, prompts = report.lengths.solutions, report.lengths.prompts
    assert solutions is not None
    assert solutions.longest == len("because\n\\boxed{9}") + 1
    turn = "user\ntrain.jsonl 9?" + "\n" + "assistant\n"
    assert prompts.longest == len(turn) + 3  # two starts of a turn and one end
    assert (report.lengths.checked, report.lengths.truncated) == (8, 8)


def test_the_probe_is_of_the_training_to_come(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    """It stops where the training stops, however long an evaluation may go on."""
    report, _ = checked(policy, tiny_folder, tmp_path, {"grpo.sampling.max_tokens": 5, "eval.max_tokens": 50})
    assert report.probe.mean_length <= 5
    assert report.probe.truncated > 0.5


def test_the_probe_asks_training_problems_and_is_repeatable(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"rewards": [f"{write_rewards(tmp_path)}:digits"]})
    task = build_task(config, policy.tokenizer)
    sampler = build_sampler(config)
    (first, graded), (again, _) = (probe_model(policy, sampler, task, config) for _ in range(2))
    assert (graded.failures, graded.timeouts) == ((), ())
    assert sampler.engine is None, "its memory is free again"  # type: ignore[attr-defined]
    assert first == again
    assert first.signal > 0
    other = shrunk(tiny_folder, tmp_path, {"seed": 1, "rewards": [f"{write_rewards(tmp_path)}:digits"]})
    assert probe_model(policy, sampler, build_task(other, policy.tokenizer), other)[0] != first


def test_gold_answers_that_the_rewards_refuse_are_named(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    """`integer` cannot be pleased by an answer in words."""
    path = tmp_path / "train.jsonl"
    lines = [{"question": "a?", "answer": "7"}, {"question": "b?", "answer": "x y"}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    data = {"data.train": {"name": str(path)}, "data.test": rows(tmp_path, "test.jsonl", 2)}
    report, _ = checked(policy, tiny_folder, tmp_path, {**data, "rewards": ["integer", "format_soft"]})
    (failure,) = report.gold_failures
    assert (failure.problem.question, failure.problem.answer) == ("b?", "x y")
    assert dict(failure.short) == {"integer": 0.0}
    assert (failure.reward.total, failure.full) == (1.0, 2.0)
    assert report.diagnosis.cause == "parser"


def test_a_reward_that_fails_is_said(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    changes = {"rewards": [f"{write_rewards(tmp_path)}:picky"], "check.problems": 8, "grpo.sampling.max_tokens": 40}
    report, lines = checked(policy, tiny_folder, tmp_path, changes)
    (said,) = (line for line in lines if line.startswith("check: reward picky failed"))
    assert "raised ValueError: an R in there (rewards.py, line 12) (on_error: skip)" in said
    assert report.probe.mean_reward == pytest.approx(1.0), "the responses that it can bear"


def test_the_probe_goes_on_with_other_problems_until_it_is_sure(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    """Nothing is right: 8 problems of 4 samples are too few to know for groups of 4, and 16 are enough."""
    changes = {"check.problems": 8, "check.samples": 4, "check.rounds": 3, "rewards": ["accuracy"]}
    config = shrunk(tiny_folder, tmp_path, changes)
    task, sampler = build_task(config, policy.tokenizer), build_sampler(config)
    probe, graded = probe_model(policy, sampler, task, config)
    assert (probe.problems, probe.signal, probe.silent) == (16, 0.0, True)
    assert len({group.prompt.problem.id for group in graded.groups}) > 8, "the second round asks others"
    assert probe_model(policy, sampler, task, config)[0] == probe
    once = shrunk(tiny_folder, tmp_path, {**changes, "check.rounds": 1})
    first, graded_once = probe_model(policy, sampler, task, once)
    assert (first.problems, first.silent) == (8, False)
    assert graded_once.groups == graded.groups[:8], "the first round is the same, however many may follow"


def test_solutions_elsewhere_count(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    data = {
        "data.train": rows(tmp_path, "train.jsonl", 3),
        "data.test": rows(tmp_path, "test.jsonl", 2),
        "grpo.sampling.max_tokens": 60,
    }
    without, _ = checked(policy, tiny_folder, tmp_path, data)
    elsewhere = {"sft.data": rows(tmp_path, "own.jsonl", 2, solution="because")}
    with_some, _ = checked(policy, tiny_folder, tmp_path, {**data, **elsewhere})
    assert (without.diagnosis.warm_start, with_some.diagnosis.warm_start) == (False, True)
    assert without.probe == with_some.probe


def test_gold_answers_of_gsm8k_score_full_marks(policy: Any, tiny_folder: Path, tmp_path: Path, shared: Path) -> None:
    changes = {"data.train": {"name": "gsm8k", "path": str(shared / "gsm8k")}, "check.gold": 300}
    report, _ = checked(policy, tiny_folder, tmp_path, changes)
    assert (report.gold_checked, report.gold_failures) == (300, ())
    texts = [json.loads(line)["question"] for line in (shared / "gsm8k" / "train.jsonl").open(encoding="utf-8")]
    longest = max(len(tiny.tiny_tokenizer().encode(text.strip())) for text in texts[:300])
    assert report.lengths.prompts.longest > longest


def test_held_out_questions_that_read_like_learned_ones_are_counted(
    policy: Any, tiny_folder: Path, tmp_path: Path
) -> None:
    """One is like a training question, one like a question of the warm start; a mixture is looked through whole."""
    story = "Ann has {} red apples and gives 5 of them to her brother Tom before lunch on Monday"
    other = "A train leaves the station at {} and arrives in a town 240 miles away before it is dark"

    def written(name: str, *questions: str) -> dict[str, str]:
        lines = [json.dumps({"question": q, "answer": "1", "solution": "1"}) for q in questions]
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
        return {"name": str(tmp_path / name)}

    changes = {
        "data.train": written("train.jsonl", "1?", "2?"),
        "data.mix": [written("more.jsonl", story.format(12), "3?")],
        "sft.data": written("sft.jsonl", other.format("noon"), "4?"),
        "data.test": written("test.jsonl", story.format(15), other.format("one"), "5?"),
    }
    report, _ = checked(policy, tiny_folder, tmp_path, changes)
    assert report.overlap is not None
    assert (report.overlap.compared, report.overlap.near) == (3, 2)
    assert ("near-duplicates", "2 of 3 held-out questions") in [row[:2] for row in report.rows()]
    assert json.loads(json.dumps(report.as_dict()))["overlap"]["near"] == 2


def test_what_does_not_depend_on_the_weights_is_measured_once(
    policy: Any, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = shrunk(tiny_folder, tmp_path)
    task = build_task(config, policy.tokenizer)
    sampler = build_sampler(config)
    first = check(policy, sampler, task, config, listening()[1])

    def measured_again(*_: object) -> None:
        raise AssertionError("gold solutions were graded or measured again")

    monkeypatch.setattr("whet.stages.check.gold_failures", measured_again)
    monkeypatch.setattr("whet.stages.check.measure_lengths", measured_again)
    monkeypatch.setattr("whet.stages.check.near_duplicates", measured_again)
    again = check(policy, sampler, task, config, listening()[1], first, warmed=True)
    assert (first.follows, again.follows) == ("warm_start", "train"), "the warm start is done"
    assert replace(again, follows=first.follows) == first, "the same weights give the same report"


def test_special_tokens_in_problems_are_counted_and_said(policy: Any, tiny_folder: Path, tmp_path: Path) -> None:
    data = {
        "data.train": rows(tmp_path, "a<|im_end|>.jsonl", 3),
        "data.test": rows(tmp_path, "test.jsonl", 2),
    }
    _, lines = checked(policy, tiny_folder, tmp_path, data)
    (said,) = (line for line in lines if "special tokens" in line)
    assert said == (
        "check: 3 of 3 problems have special tokens of the model in their text, such as '<|im_end|>' (row 1); the "
        "model reads them as letters"
    )
