"""Unit tests as a reward, with a sandbox that is played."""

from collections.abc import Sequence
from typing import Any

import pytest

from whet.config.parameters import read_parameters
from whet.errors import UserError
from whet.formats import BUILT_IN
from whet.rewards.calls import RewardError
from whet.rewards.code_tests.code_tests import (
    CodeTestsParams,
    Exercise,
    Printing,
    RunTests,
    code_tests,
    read_setup,
    read_tests,
)

PASS = "assert f(1) == 1"
FAIL = "assert f(1) == 2"


def running(asked: list[Exercise]) -> RunTests:
    """Passes `PASS` alone, and cannot tell of the program `broken`."""

    def run(exercises: Sequence[Exercise]) -> list[list[bool] | RewardError]:
        asked.extend(exercises)
        return [
            RewardError("did not start") if one.program == "broken" else [test == PASS for test in one.tests]
            for one in exercises
        ]

    return run


def graded(
    programs: list[str], params: dict[str, Any] | None = None, **columns: Any
) -> tuple[list[Any], list[Exercise]]:
    """The rewards of answers that are these programs, and what was run."""
    asked: list[Exercise] = []
    reward = code_tests(BUILT_IN["think_answer"], CodeTestsParams(**(params or {})), running(asked))
    said = [[{"role": "assistant", "content": f"<think>t</think> <answer>{one}</answer>"}] for one in programs]
    return reward(prompts=["q"] * len(said), completions=said, completion_ids=[[]] * len(said), **columns), asked


def test_all_or_nothing_and_shares() -> None:
    tests = [[PASS, PASS], [PASS, FAIL], [FAIL], [PASS, PASS, PASS, FAIL]]
    assert graded(["a", "b", "c", "d"], tests=tests)[0] == [1.0, 0.0, 0.0, 0.0]
    assert graded(["a", "b", "c", "d"], {"fraction": True}, tests=tests)[0] == [1.0, 0.5, 0.0, 0.75]


def test_what_is_run() -> None:
    rewards, asked = graded(
        ["a", "```python\nb\n```", " "],
        {"tests": "test_list", "setup": "imports"},
        test_list=[[PASS], [{"input": "1\n", "output": "2"}], [PASS]],
        imports=["import math", None, ["import re", "import json"]],
    )
    second = Exercise("b\n", (Printing("1\n", "2"),))
    assert asked == [Exercise("a", (PASS,), "import math"), second]
    assert rewards == [1.0, 0.0, 0.0]


def test_without_tests_it_does_not_apply_and_without_a_program_it_is_0() -> None:
    asked: list[Exercise] = []
    reward = code_tests(BUILT_IN["think_answer"], CodeTestsParams(), running(asked))
    said = ["<think>t</think> <answer>a</answer>", "I do not know.", "nothing"]
    tests = [None, [PASS], [PASS]]
    assert reward(prompts=["q"] * 3, completions=said, completion_ids=[[]] * 3, tests=tests) == [None, 0.0, 0.0]
    assert asked == []


def test_without_a_format_the_whole_response_is_the_answer() -> None:
    asked: list[Exercise] = []
    reward = code_tests(None, CodeTestsParams(), running(asked))
    said = ["a", "Like this:\n```python\nb\n```"]
    assert reward(prompts=["q"] * 2, completions=said, completion_ids=[[]] * 2, tests=[[PASS]] * 2) == [1.0, 1.0]
    assert [one.program for one in asked] == ["a", "b\n"]


def test_what_the_sandbox_cannot_tell_is_a_failure_of_that_sample() -> None:
    good, bad = graded(["a", "broken"], tests=[[PASS]] * 2)[0]
    assert good == 1.0
    assert isinstance(bad, RewardError)


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(UserError, match="is 'tests': there is no such column; the data has answer, test; did you mean"):
        graded(["a"], test=[[PASS]], answer=["a"])


@pytest.mark.parametrize(
    ("tests", "what"),
    [
        ([], "without tests: '\\[\\]'"),
        (7, "without tests: '7'"),
        (["assert f( =="], "is not Python"),
        (["f(1) == 1"], "asserts nothing: 'f\\(1\\) == 1'"),
        ([3], "neither a text nor"),
        ([{"input": 3, "output": "3"}], "neither a text nor"),
        ([{"input": "3"}], "neither a text nor"),
        ({"output": 3}, "neither a text nor"),
    ],
)
def test_tests_that_are_none(tests: Any, what: str) -> None:
    with pytest.raises(RewardError, match=what):
        read_tests(tests)
    ((failed,), asked) = graded(["a"], tests=[tests])
    assert isinstance(failed, RewardError)
    assert asked == []


def test_forms_of_tests() -> None:
    assert read_tests(PASS) == (PASS,)
    assert read_tests({"output": "3"}) == (Printing("", "3"),)
    assert read_tests(["check(f)"], "def check(f):\n    assert f(1) == 1") == ("check(f)",)


def test_forms_of_setup() -> None:
    values = (None, "x = 1", ["import re", "x = 1"], [])
    assert [read_setup(value) for value in values] == ["", "x = 1", "import re\nx = 1", ""]
    with pytest.raises(RewardError, match="setup is no code: '3'"):
        read_setup(3)


@pytest.mark.parametrize(
    ("params", "what"),
    [
        ({"timeout": 0}, "params.timeout: is 0"),
        ({"timeout": float("nan")}, "params.timeout: is nan"),
        ({"memory": 3}, "params.memory: is 3"),
        ({"fraction": "yes"}, "params.fraction: is 'yes'"),
        ({"timeuot": 3}, "did you mean timeout"),
    ],
)
def test_mistakes_are_named(params: dict[str, Any], what: str) -> None:
    with pytest.raises(UserError, match=what):
        read_parameters(CodeTestsParams, params, "rewards.0.params", "code_tests")
