"""Many programs against their tests at once."""

import os
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from whet.rewards.calls import RewardError
from whet.rewards.code_tests.code_tests import Exercise, Printing
from whet.sandbox.backends import BACKENDS
from whet.sandbox.code_tests_client import CodeTests, cores
from whet.sandbox.run_tests import Sandbox
from whet.sandbox.server import SandboxError


@dataclass(frozen=True)
class Scripted(Sandbox):
    """A sandbox that runs nothing: a test passes where its text stands in the program, and a program prints itself."""

    asked: list[Any] = field(default_factory=list)

    def test(self, program: str, tests: Any, setup: str = "", stop: bool = False, server: Any = None) -> list[str]:
        assert server is not None
        self.asked.append((program, tuple(tests), setup, stop))
        if program == "broken":
            raise SandboxError("the sandbox (x) did not start: oh")
        return ["passed" if test in program else "failed: no" for test in tests]

    def run(self, program: str, given: str, server: Any = None) -> str | None:
        self.asked.append((program, given))
        return None if program == "fails" else f"{program}{given}\n"


def scripted() -> Scripted:
    return Scripted(BACKENDS[-1])


def test_each_in_order_and_each_different_one_once() -> None:
    sandbox = scripted()
    ab, b = Exercise("ab", ("a", "b"), "setup"), Exercise("b", ("a", "b"))
    assert CodeTests(sandbox, parallel=1)([ab, b, ab]) == [[True, True], [False, True], [True, True]]
    assert sandbox.asked == [("ab", ("a", "b"), "setup", False), ("b", ("a", "b"), "", False)]
    assert CodeTests(sandbox)([]) == []


def test_a_sandbox_that_fails_is_no_verdict() -> None:
    good, bad = CodeTests(scripted(), parallel=2)([Exercise("a", ("a",)), Exercise("broken", ("a",))])
    assert good == [True]
    assert isinstance(bad, RewardError)
    assert "did not start: oh" in str(bad)


def test_what_a_program_prints_is_compared_here() -> None:
    exercise = Exercise("x", (Printing("1", "x1"), Printing("2", "x1"), "x", Printing("", "x\n\n")))
    assert CodeTests(scripted())([exercise]) == [[True, False, True, True]]
    assert CodeTests(scripted())([Exercise("fails", (Printing("", ""),))]) == [[False]]


def test_up_to_the_first_that_fails() -> None:
    sandbox = scripted()
    exercise = Exercise("x", (Printing("1", "x1"), Printing("2", "x1"), Printing("3", "x3")))
    assert CodeTests(sandbox, stop=True, parallel=1)([exercise]) == [[True, False, False]]
    assert sandbox.asked == [("x", "1"), ("x", "2")]
    CodeTests(sandbox, stop=True)([Exercise("a", ("a",))])
    assert sandbox.asked[-1] == ("a", ("a",), "", True)


def test_in_a_real_cell(sandbox: Sandbox) -> None:
    programs = ["def f(n):\n    return n * n", "def f(n):\n    return n", "print(int(input()) ** 2)", "def f("]
    tests = ("assert f(2) == 4", "assert f(1) == 1", Printing("3", "9"))
    graded = CodeTests(sandbox)([Exercise(program, tests) for program in programs])
    assert graded == [[True, True, False], [False, True, False], [False, False, True], [False, False, False]]


def test_one_for_each_core(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CodeTests(scripted()).parallel == cores() >= 1
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 5}, raising=False)
    assert cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert cores() == 7


def test_without_a_sandbox_nothing_can_be_told() -> None:
    broken = replace(BACKENDS[-1], at_start=("magic",))
    graded = CodeTests(Sandbox(broken))([Exercise("a", ("assert a",))] * 2)
    assert [type(one) for one in graded] == [RewardError] * 2
    assert "KeyError: 'magic'" in str(graded[0])
