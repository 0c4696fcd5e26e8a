"""A harness that waits in its sandbox for programs."""

import sys
from dataclasses import replace

import pytest

from offspring import offspring
from whet.sandbox.backends import KINDS, Backend
from whet.sandbox.run_tests import Sandbox
from whet.sandbox.server import SandboxError, Server

BARE = Backend("bare", (), (), lambda: None)


def test_one_start_serves_many(cell: Sandbox) -> None:
    with Server(cell.kind) as server:
        for number in range(5):
            (said,) = cell.test(f"def f():\n    return {number}", [f"assert f() == {number}"], server=server)
            assert said == "passed"
        assert cell.run("print(7)", "", server) == "7\n"
        short = replace(cell, timeout=0.3)
        assert short.test("while True:\n    pass", ["f()"], server=server)[0].startswith("failed: took over")
        assert cell.test("import os\nos._exit(0)", ["assert f()"], server=server)[0].startswith("failed")
        assert cell.test("def f():\n    return 1", ["assert f() == 1"], server=server) == ["passed"]


def test_programs_leave_each_other_nothing(cell: Sandbox) -> None:
    first = "import builtins, json\nbuiltins.MARK = json.dumps = 1\ndef f():\n    return 1"
    second = "import builtins\ndef f():\n    return hasattr(builtins, 'MARK')"
    with Server(cell.kind) as server:
        assert cell.test(first, ["assert True"], server=server) == ["passed"]
        assert cell.test(second, ["assert f() is False"], server=server) == ["passed"]


def test_it_ends_with_the_block() -> None:
    with Server(BARE):
        assert len(offspring()) == 1
    assert offspring() == []


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (
            replace(BARE, wrapped=lambda command: [sys.executable, "-c", ""]),
            r"\(bare\) gave no answer: it said nothing",
        ),
        (replace(BARE, wrapped=lambda command: ["/no/such/program"]), r"\(bare\) could not be started: .*No such file"),
        (replace(BARE, once=("magic",)), r"\(bare\) gave no answer: .*KeyError: 'magic'"),
    ],
)
def test_one_that_does_not_start(kind: Backend, what: str) -> None:
    with pytest.raises(SandboxError, match=what):
        Server(kind)
    assert offspring() == []


def test_one_that_has_died() -> None:
    with Server(KINDS[-1]) as server:
        offspring()[0].kill()
        with pytest.raises(SandboxError, match="gave no answer"):
            Sandbox(KINDS[-1]).test("", ["assert True"], server=server)
        with pytest.raises(SandboxError, match="gave no answer"):
            server.end()
