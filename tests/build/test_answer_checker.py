"""Whether a response is right, whatever the recipe rewards."""

from pathlib import Path
from typing import Any

import pytest

from whet.build.answer_checker import build_answer_checker, build_is_right, build_tests
from whet.config import FormatConfig
from whet.formats import build_format
from whet.types import Problem, Reward, Rollout
from wiring import shrunk


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
    check_answer = build_answer_checker(build_format(FormatConfig(name="think_answer")))
    found = check_answer(text, Problem("1", "What is 3 + 4?", "7"))
    assert (found.correct, found.lenient, found.answer, found.formatted) == (correct, lenient, answer, formatted)


def test_the_judge_asks_the_problems_own_verifier() -> None:
    check_answer = build_answer_checker(build_format(FormatConfig(name="think_answer")))
    problem = Problem("1", "Make 24.", "8 * 3", columns={"verifier": lambda text: float(text in ("4 * 6", "8 * 3"))})
    texts = ["<think>a</think> <answer>4 * 6</answer>", "<think>a</think> <answer>24</answer>", "no idea"]
    assert [check_answer(text, problem).correct for text in texts] == [True, False, False]


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

    check_answer = build_answer_checker(build_format(FormatConfig(name="think_answer")), tests)
    found = check_answer(text, Problem("1", "Be good.", "good", columns={"tests": ["assert good"]}))
    assert (found.correct, found.lenient, found.answer) == (correct, lenient, answer)


def test_one_answer_is_compared_once() -> None:
    """Where the answer in its place is also the one found anywhere."""
    compared: list[str] = []
    layout = build_format(FormatConfig(name="think_answer"))
    check_answer = build_answer_checker(layout, equal=lambda given, gold: bool(compared.append(given)))
    assert not check_answer("<think>a</think> <answer>8</answer>", Problem("1", "?", "7")).lenient
    assert compared == ["8"]


def test_a_recipe_that_rewards_tests_is_measured_by_all_of_them(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []

    def open_code_tests(params: Any, aloud: bool) -> Any:
        opened.append((params, aloud))
        return lambda exercises: [[one.program == "good", True] for one in exercises]

    monkeypatch.setattr("whet.build.services.open_code_tests", open_code_tests)
    asked = [{"name": "format_soft"}, {"name": "code_tests", "params": {"tests": "checks", "fraction": True}}]
    tests = build_tests(shrunk(tiny_folder, tmp_path, {"rewards": asked}))
    assert tests is not None
    problem = Problem("1", "q", "good", columns={"checks": ["assert 1", "assert 2"], "completions": "not passed on"})
    assert [tests(problem, program) for program in ("good", "bad")] == [1.0, 0.0]
    assert [(params.tests, params.fraction, aloud) for params, aloud in opened] == [("checks", False, False)]
    assert build_tests(shrunk(tiny_folder, tmp_path)) is None


def answered(text: str) -> Rollout:
    return Rollout((1,), (-1.0,), text, "stop")


def test_without_tests_a_rollout_is_right_by_its_answer(tiny_folder: Path, tmp_path: Path) -> None:
    """In the place that the format defines, compared as it is told, whatever the reward was."""
    compared: list[tuple[str, str]] = []

    def equal(given: str, gold: str) -> bool:
        compared.append((given, gold))
        return given == gold

    asked = [{"name": "accuracy"}, {"name": "format_soft"}]
    is_right = build_is_right(shrunk(tiny_folder, tmp_path, {"rewards": asked}), equal)
    problem = Problem("1", "What is 3 + 4?", "7")
    texts = ["<think>a</think> <answer>7</answer>", "<think>a</think> <answer>8</answer>", "The answer is 7."]
    rewards = [Reward(0.0, {"accuracy": 0.0}), Reward(2.0, {"accuracy": 1.0}), Reward(2.0, {"accuracy": 1.0})]
    pairs = zip(texts, rewards, strict=True)
    assert [is_right(answered(text), reward, problem) for text, reward in pairs] == [True, False, False]
    assert set(compared) == {("7", "7"), ("8", "7")}


@pytest.mark.parametrize("fraction", [False, True])
def test_with_tests_a_rollout_is_right_by_the_tests_that_graded_it(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fraction: bool
) -> None:
    """All of them, and none is run again: the part of its reward says it, whatever the answer and the total are."""

    def not_again(*_: object, **__: object) -> Any:
        raise AssertionError("neither runs programs nor compares answers")

    monkeypatch.setattr("whet.build.services.open_code_tests", not_again)
    asked = [{"name": "accuracy"}, {"name": "code_tests", "params": {"tests": "checks", "fraction": fraction}}]
    is_right = build_is_right(shrunk(tiny_folder, tmp_path, {"rewards": asked}), not_again)
    problem = Problem("1", "Be good.", "good", columns={"checks": ["assert good"]})
    rollout = answered("<think>a</think> <answer>good</answer>")
    parts: list[dict[str, float | None]] = [
        {"accuracy": 0.0, "code_tests": 1.0},
        {"accuracy": 1.0, "code_tests": 0.5},
        {"accuracy": 1.0, "code_tests": 0.0},
        {"accuracy": 1.0, "code_tests": None},
        {"accuracy": 1.0},
    ]
    found = [is_right(rollout, Reward(1.0, some), problem) for some in parts]
    assert found == [True, False, False, False, False]
