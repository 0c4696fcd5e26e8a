"""Held-out problems one by one: what is asked, shown, judged and kept."""

import json
from io import StringIO
from pathlib import Path
from random import Random

import pytest
from rich.console import Console

from serving import tiny_run
from whet.chat.quiz import Quiz, ask_around, verdict_line
from whet.config import Config
from whet.errors import UserError
from whet.runs.views.view import PlainView
from whet.stages.evaluate import EvaluationTask, evaluate_model, evaluation_config, evaluation_task
from whet.text import silent
from whet.types import Verdict


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    run = tiny_run(tmp_path_factory.mktemp("asked"))
    return evaluation_config(str(run), limit=3)


@pytest.fixture(scope="module")
def task(config: Config) -> EvaluationTask:
    made = evaluation_task(config, PlainView(silent))
    made.sampler.load(made.policy)
    return made


def asked(quiz: Quiz, lines: list[str], save: Path | None = None) -> str:
    console = Console(file=StringIO(), width=100)
    ask_around(quiz, console, save, lines)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_every_held_out_problem_comes_once_with_its_verdict(config: Config, task: EvaluationTask) -> None:
    text = asked(Quiz("a run", config, task), ["", "", "", ""])
    for prompt in task.eval_set.prompts:
        assert text.count(f"{prompt.problem.name}: {prompt.problem.question}") == 1
    assert text.count("wrong") + text.count("right:") == 3
    assert "every held-out problem has been asked" in text
    assert " of 3 right" in text


def test_the_verdict_is_that_of_an_evaluation(config: Config, task: EvaluationTask, tmp_path: Path) -> None:
    asked(Quiz("a run", config, task), [""] * 3, tmp_path / "asked.jsonl")
    kept = [json.loads(line) for line in (tmp_path / "asked.jsonl").read_text("utf-8").splitlines()]
    expected = {one.id: one for one in evaluate_model(config, PlainView(silent)).records}
    assert {row["id"] for row in kept} == set(expected)
    for row in kept:
        record = expected[row["id"]]
        assert (row["question"], row["gold"], row["correct"]) == (record.question, record.gold, record.correct)
        assert row["response"] == record.response


def test_a_question_of_ones_own_has_no_verdict(config: Config, task: EvaluationTask, tmp_path: Path) -> None:
    text = asked(Quiz("a run", config, task), ["What is 2 + 2?", "/quit", ""], tmp_path / "own.jsonl")
    assert "right" not in text.replace("outright", "")
    (row,) = [json.loads(line) for line in (tmp_path / "own.jsonl").read_text("utf-8").splitlines()]
    assert (row["question"], row["model"]) == ("What is 2 + 2?", "a run")
    assert "gold" not in row


def test_the_order_is_drawn(config: Config, task: EvaluationTask) -> None:
    def order(seed: int) -> list[str]:
        quiz = Quiz("a run", config, task, Random(seed))
        return [prompt.problem.id for prompt in iter(quiz.next, None)]

    assert {tuple(sorted(order(seed))) for seed in range(8)} == {tuple(sorted(order(0)))}
    assert len({tuple(order(seed)) for seed in range(8)}) > 1


def test_a_file_that_cannot_be_written_is_told_of_before_a_question(
    config: Config, task: EvaluationTask, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"save: .* cannot be written"):
        asked(Quiz("a run", config, task), [""], tmp_path)


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (Verdict(True, True, "82", True), "✓ right: 82"),
        (Verdict(True, True, "82", False), "✓ right: 82, but not in the format"),
        (Verdict(False, True, "82", False), "✗ wrong: 82 is in its text, but not where the format has the answer"),
        (Verdict(False, False, None, False), "✗ wrong: it gave no answer, the answer is 82"),
        (Verdict(False, False, "81", True), "✗ wrong: it answered 81, the answer is 82"),
    ],
)
def test_verdicts(verdict: Verdict, line: str) -> None:
    assert verdict_line(verdict, "82") == line
