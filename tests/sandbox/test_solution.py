"""The process that runs a model's code, without its process: what it answers."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from whet.sandbox.solution import MOST_ITEMS, Solution, run_script

PROGRAM = """
import itertools
SEVEN = 7

class Box:
    def __init__(self, inside):
        self.inside = inside
    def __len__(self):
        return len(self.inside)
    def __getitem__(self, key):
        return self.inside[key]

def add(a, b=1):
    return a + b

def leave():
    raise SystemExit(0)

def forever():
    return itertools.count()
"""


@pytest.fixture
def solution() -> Iterator[Solution]:
    yield Solution(PROGRAM, "whet_tested_solution")
    del sys.modules["whet_tested_solution"]


def ask(solution: Solution, *request: Any) -> Any:
    """What comes of a request whose parts are plain, or `["object", n]` for an object."""
    reply = solution.answer(["tuple", list(request)])
    return reply.get("value", reply.get("raised"))


def given(*values: Any) -> list[Any]:
    return ["tuple", list(values)]


NONE_NAMED = ["dict", ["list", []]]


def test_names_calls_and_objects(solution: Solution) -> None:
    assert ask(solution, "name", "SEVEN") == 7
    assert ask(solution, "name", "add") == ["object", 0]
    assert ask(solution, "call", ["object", 0], given(2), NONE_NAMED) == 3
    assert ask(solution, "call", ["object", 0], given(2), ["dict", ["list", [["tuple", ["b", 5]]]]]) == 7
    assert ask(solution, "name", "Box") == ["object", 1]
    assert ask(solution, "call", ["object", 1], given(["list", [4, 5]]), NONE_NAMED) == ["object", 2]
    assert ask(solution, "attribute", ["object", 2], "inside") == ["list", [4, 5]]
    assert ask(solution, "length", ["object", 2]) == 2
    assert ask(solution, "item", ["object", 2], 1) == 5
    assert ask(solution, "items", ["object", 2]) == ["list", [4, 5]]
    assert ask(solution, "truth", ["object", 2]) is True
    assert ask(solution, "set", ["object", 2], "inside", ["list", []]) is None
    assert ask(solution, "truth", ["object", 2]) is False


def test_whatever_is_raised_is_answered(solution: Solution) -> None:
    assert ask(solution, "name", "nothing") == ["NameError", "name 'nothing' is not defined"]
    ask(solution, "name", "leave")
    assert ask(solution, "call", ["object", 0], given(), NONE_NAMED) == ["SystemExit", "0"]
    assert ask(solution, "call", ["object", 99], given(), NONE_NAMED)[0] == "IndexError"
    assert ask(solution, "compare", 1, 1)[0] == "KeyError"


def test_what_has_no_end_is_truncated(solution: Solution) -> None:
    ask(solution, "name", "forever")
    assert ask(solution, "call", ["object", 0], given(), NONE_NAMED) == ["object", 1]
    kind, items = ask(solution, "items", ["object", 1])
    assert (kind, len(items)) == ("list", MOST_ITEMS)


@pytest.mark.parametrize(
    ("program", "name"), [("def f(:", "SyntaxError"), ("1 / 0", "ZeroDivisionError"), ("exit()", "")]
)
def test_a_program_that_does_not_load_raises_at_every_request(program: str, name: str) -> None:
    broken = Solution(program, "whet_tested_solution")
    assert ask(broken, "name", "f") == ask(broken, "name", "g")
    assert ask(broken, "name", "f")[0] == (name or "SystemExit")


def test_a_program_is_a_module_of_its_own(solution: Solution) -> None:
    own = Solution(
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: 'int'\nNAME = __name__", "whet_other"
    )
    assert ask(own, "name", "NAME") == "whet_other"
    assert ask(own, "name", "P") == ["object", 0]
    assert ask(solution, "name", "NAME")[0] == "NameError"
    del sys.modules["whet_other"]


def test_a_whole_program_is_the_main_module(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    run_script("if __name__ == '__main__':\n    print('main')")
    assert capfd.readouterr().out == "main\n"
