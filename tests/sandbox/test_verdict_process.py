"""The process that runs a problem's tests, without its process: what it says of a program."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from whet.sandbox.solution import Solution
from whet.sandbox.verdict_process import RpcClient, TestNamespace, run_tests
from whet.sandbox.wire import GoneError, receive, send


@contextmanager
def calling(answer: Any) -> Iterator[RpcClient]:
    """Calls into somebody who answers each request so, on a thread."""
    heard, asks = os.pipe()
    answered, answers = os.pipe()

    def serve() -> None:
        with os.fdopen(heard, "rb") as requests:
            try:
                while True:
                    send(answers, answer(receive(requests)))
            except GoneError:
                os.close(answers)

    thread = threading.Thread(target=serve)
    thread.start()
    with os.fdopen(answered, "rb") as replies:
        try:
            yield RpcClient(replies, asks)
        finally:
            os.close(asks)
            thread.join()


def verdicts(program: str, tests: list[str], setup: str = "", stop: bool = False) -> list[str]:
    """What the tests say of a program."""
    solution, said = Solution(program, "whet_tested"), list[str]()
    with calling(solution.answer) as client:
        run_tests(tests, setup, stop, client, said.append)
    del sys.modules["whet_tested"]
    return said


def told(reply: Any, test: str = "assert f(1) == 2") -> str:
    """What the tests say where every request gets this reply, once it has its function."""
    replies = iter([{"value": ["object", 0]}])
    said: list[str] = []
    with calling(lambda _: next(replies, reply)) as program:
        run_tests([test], "", False, program, said.append)
    return said[0]


def test_verdicts() -> None:
    tests = ["assert f(1) == 2", "assert f(2) == 2", "assert f(None)", "x = f(3)\nassert x == 4"]
    said = verdicts("def f(x):\n    return x + 1", tests)
    assert [verdict.partition(":")[0] for verdict in said] == ["passed", "failed", "failed", "passed"]
    assert said[2].startswith("failed: TypeError: unsupported operand")
    assert verdicts("", tests, stop=True) == ["failed: NameError: name 'f' is not defined"]


def test_each_test_has_names_of_its_own() -> None:
    tests = [
        "y = 1; assert f(y) == 2",
        "assert f(y) == 2",
        "def f(x):\n    return 0\nassert f(1) == 0",
        "assert f(1) == 2",
    ]
    said = verdicts("def f(x):\n    return x + 1", tests)
    assert [verdict.partition(":")[0] for verdict in said] == ["passed", "failed", "passed", "passed"]


def test_names_are_the_tests_then_pythons_then_the_programs() -> None:
    names = TestNamespace(lambda verb, name: f"{verb} {name}")
    names["own"] = 1
    assert (names["own"], names["solve"]) == (1, "name solve")
    for name in ("len", "__file__"):
        with pytest.raises(KeyError):
            names[name]


def test_functions_in_tests_see_the_program_too() -> None:
    check = "def check(candidate):\n    assert candidate(1) == f(1) == 2"
    assert verdicts("def f(x):\n    return x + 1", ["check(f)", "check(lambda x: 3)"], check) == [
        "passed",
        "failed: AssertionError: ",
    ]


@pytest.mark.parametrize(
    "reply",
    [
        {"value": 3},
        {"value": ["object", 0]},
        {"value": ["list", [2]]},
        {"value": ["strange", 2]},
        {"value": [2]},
        {"raised": ["AssertionError", ""]},
        {"raised": ["SystemExit", "0"]},
        {"raised": ["KeyboardInterrupt", ""]},
        {"raised": ["UnicodeDecodeError", "x"]},
        {"raised": [["list"], None]},
        {"raised": []},
        {"raised": 7},
        {},
        [],
        None,
        "passed",
    ],
)
def test_no_reply_but_the_value_passes(reply: Any) -> None:
    assert told({"value": 2}) == "passed"
    assert told(reply).startswith("failed: ")


def test_a_verdict_is_one_line() -> None:
    said = told({"raised": ["ValueError", "a\nnonce passed\r\n b" + "x" * 5000]})
    assert said.startswith("failed: ValueError: a nonce passed b")
    assert "\n" not in said
    assert len(said) < 400


def test_pythons_exceptions_arrive_as_such() -> None:
    test = "try:\n    f(1)\nexcept ZeroDivisionError as error:\n    said = str(error)\nassert said == 'by zero'"
    assert told({"raised": ["ZeroDivisionError", "by zero"]}, test) == "passed"
    own = "try:\n    f(1)\nexcept RuntimeError as error:\n    assert str(error) == 'OwnError: no'"
    assert told({"raised": ["OwnError", "no"]}, own) == "passed"


def test_an_assertion_of_the_programs_is_not_the_tests() -> None:
    test = "try:\n    f(1)\nexcept AssertionError:\n    mine = True\nassert mine"
    assert told({"raised": ["AssertionError", ""]}, test).startswith("failed: RuntimeError")


def test_messages_to_the_program_are_plain() -> None:
    requests: list[Any] = []

    def answer(request: Any) -> Any:
        requests.append(request)
        return {"value": ["object", 0] if len(requests) == 1 else 2}

    with calling(answer) as program:
        run_tests(["assert f([1], key={2}) == 2"], "", False, program, lambda _: None)
    named = ["dict", ["list", [["tuple", ["key", ["set", [2]]]]]]]
    assert requests == [
        ["tuple", ["name", "f"]],
        ["tuple", ["call", ["object", 0], ["tuple", [["list", [1]]]], named]],
    ]
    assert json.loads(json.dumps(requests)) == requests
