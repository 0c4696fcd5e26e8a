"""Running a program against its tests, in every strong backend that works here.

The hostile ones are those of docs/how-to/reliability.md, R14: all blocked or killed, nothing outside touched.
"""

import os
import platform
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox import forgeries, hostile
from whet.recipe.loading import RECIPES
from whet.sandbox.backends import Backend
from whet.sandbox.run_tests import Sandbox
from whet.sandbox.server import SandboxError

SECRET = "the key to everything"
MBPP = "def double(n):\n    return 2 * n"


class Place:
    """What lies outside, and whether it has been touched."""

    def __init__(self, folder: Path, server: socket.socket) -> None:
        self.secret = folder / ".ssh" / "id_ed25519"
        self.secret.parent.mkdir()
        self.secret.write_text(SECRET, "utf-8")
        self.secret.chmod(0o600)
        self.server = server
        self.before = self._state()

    @property
    def told(self) -> dict[str, Any]:
        port = self.server.getsockname()[1]
        folder, tests = str(self.secret.parent), str(RECIPES / "code-mbpp-style.jsonl")
        return {"secret": str(self.secret), "folder": folder, "port": port, "pid": os.getpid(), "tests": tests}

    def _state(self) -> Any:
        entries = sorted(self.secret.parent.parent.rglob("*"))
        kept = [(str(entry), entry.lstat().st_mode, entry.lstat().st_mtime, entry.lstat().st_uid) for entry in entries]
        return kept, self.secret.read_text("utf-8")

    def untouched(self) -> bool:
        """Files as they were, and nobody at the door."""
        try:
            self.server.accept()
        except TimeoutError:
            return self._state() == self.before and not Path("/tmp/whet-was-here").exists()
        return False


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.01)
        yield Place(tmp_path, server)


def test_assertions_pass_and_fail(sandbox: Sandbox) -> None:
    tests = ["assert double(2) == 4", "assert double(2) == 5", "assert double('ab') == 'abab'", "assert half(2) == 1"]
    said = sandbox.test(MBPP, tests)
    assert [verdict.split(":")[0] for verdict in said] == ["passed", "failed", "passed", "failed"]
    assert "AssertionError" in said[1]
    assert "name 'half' is not defined" in said[3]


def test_up_to_the_first_that_fails(sandbox: Sandbox) -> None:
    said = sandbox.test(MBPP, ["assert double(1) == 2", "assert double(1) == 3", "assert double(1) == 2"], stop=True)
    assert [verdict.split(":")[0] for verdict in said] == ["passed", "failed", "not run"]
    assert sandbox.test(MBPP, ["assert double(1) == 2"] * 2, stop=True) == ["passed", "passed"]


def test_setup_comes_before_each_test(sandbox: Sandbox) -> None:
    program = "class Node:\n    def __init__(self, value):\n        self.value, self.next = value, None\n" + (
        "def total(node):\n    return node.value + total(node.next) if node else 0\n"
    )
    setup = "import math\nhead = Node(1)\nhead.next = Node(2)"
    tests = [
        "assert total(head) == 3",
        "head.next = None; assert total(head) == 1",
        "assert total(head) == math.floor(3.5)",
    ]
    assert sandbox.test(program, tests, setup) == ["passed"] * 3


@pytest.mark.parametrize(
    "value",
    [
        "None", "True", "-7", "10 ** 5000", "0.1", "float('inf')", "1 + 2j", "'ä\\n\\ud800'", "b'\\x00\\xff'", "()",
        "(1, [2, (3,)])", "{1, 2}", "frozenset({1})", "{'a': {(1, 2): [None]}}", "[]", "{}", "set()",
    ],
)  # fmt: skip
def test_values_arrive_as_they_are(sandbox: Sandbox, value: str) -> None:
    claim = f"sent = {value}; came = same(sent); assert came == sent and type(came) is type(sent)"
    assert sandbox.test("def same(x):\n    return x", [claim]) == ["passed"]


def test_objects_of_the_program_can_be_used_from_afar(sandbox: Sandbox) -> None:
    program = """
import collections
Pair = collections.namedtuple("Pair", "a b")
class Stack:
    def __init__(self):
        self.items = []
    def push(self, item):
        self.items.append(item)
        return self
def count(n):
    yield from range(n)
"""
    tests = [
        "assert Pair(1, 2) == (1, 2)",
        "s = Stack(); s.push(1).push(2); assert s.items == [1, 2]",
        "assert list(count(3)) == [0, 1, 2] and sum(count(4)) == 6",
        "assert Stack() and not hasattr(Stack(), 'missing')",
        "s = Stack(); assert s == s and s != Stack()",
        "try:\n    count()\nexcept TypeError as error:\n    assert 'argument' in str(error)\nelse:\n    assert False",
        "assert next(iter(count(5))) == 0",
    ]
    assert sandbox.test(program, tests) == ["passed"] * len(tests)


def test_what_cannot_cross_is_said(sandbox: Sandbox) -> None:
    (said,) = sandbox.test("def apply(f, x):\n    return f(x)", ["assert apply(lambda x: x + 1, 1) == 2"])
    assert "a function cannot be handed to the program" in said


def test_the_standard_library_is_there(sandbox: Sandbox) -> None:
    modules = "math re json random itertools functools collections heapq bisect string decimal fractions statistics "
    modules += "datetime typing dataclasses enum copy operator textwrap time calendar hashlib secrets unittest array"
    program = f"def imports(name):\n    return __import__(name).__name__\nWORDS = {modules.split()!r}"
    assert sandbox.test(program, ["assert [imports(word) for word in WORDS] == WORDS"]) == ["passed"]


def test_a_run_is_like_any_other(sandbox: Sandbox) -> None:
    """The order of a set of texts depends on the interpreter's seed."""
    program = "def order():\n    return list({'a', 'b', 'c', 'd', 'e', 'f'})"
    first = sandbox.test(program, ["raise ValueError(order())"])
    assert first == sandbox.test(program, ["raise ValueError(order())"])
    assert "'a'" in first[0]


def test_whole_programs_read_and_print(sandbox: Sandbox) -> None:
    program = (
        "import sys\nfor line in sys.stdin:\n    print(int(line) ** 2)\nif __name__ != '__main__':\n    print('no')"
    )
    assert sandbox.run(program, "3\n4\n") == "9\n16\n"
    assert sandbox.run("print(input() + '…')", "ä") == "ä…\n"
    assert sandbox.run("print('so far')\nraise ValueError", "") is None
    assert sandbox.run("print('so far')\nraise SystemExit(3)", "") is None
    assert sandbox.run("def f(:", "") is None


def test_whole_programs_that_do_not_end_or_do_not_stop_printing(sandbox: Sandbox) -> None:
    short = Sandbox(sandbox.backend, timeout=0.5, memory=256)
    assert short.run("print('so far', flush=True)\nwhile True:\n    pass", "") is None
    assert short.run("import time\ntime.sleep(100)", "") is None
    assert sandbox.run("while True:\n    print('x' * 10000)", "") is None


@pytest.mark.parametrize("name", hostile.ATTACKS)
def test_every_attack_is_refused(sandbox: Sandbox, place: Place, name: str) -> None:
    program, refusals = hostile.ATTACKS[name]
    claim = f"how = attack({place.told!r}); assert how in {sorted(refusals)!r}, how"
    assert sandbox.test(program, [claim]) == ["passed"]
    assert place.untouched()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86-64")
@pytest.mark.parametrize("name", hostile.CALLS)
def test_every_other_system_call_is_refused(sandbox: Sandbox, name: str) -> None:
    assert sandbox.test(hostile.CALL, [f"assert attack({hostile.CALLS[name]}) is True"]) == ["passed"]


@pytest.mark.parametrize("name", hostile.BOMBS)
def test_every_bomb_is_ended_by_the_clock(sandbox: Sandbox, name: str) -> None:
    short = Sandbox(sandbox.backend, timeout=0.4, memory=256)
    began = time.monotonic()
    said = short.test(hostile.BOMBS[name] + "\ndef f():\n    return 1", ["assert f() == 1", "assert f() == 1"])
    assert time.monotonic() - began < 20
    assert all(verdict.startswith("failed") for verdict in said)
    assert len(said) == 2


@pytest.mark.parametrize("name", hostile.HUNGRY)
def test_every_hunger_meets_its_limit(sandbox: Sandbox, name: str) -> None:
    body, error = hostile.HUNGRY[name]
    claim = f"try:\n    attack(None)\nexcept {error}:\n    limited = True\nassert limited"
    assert replace(sandbox, timeout=60.0, memory=160).test(hostile.program(body), [claim]) == ["passed"]


def test_the_environment_is_empty(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_TOKEN", SECRET)
    program = "import os\ndef names():\n    return sorted(set(os.environ) - {'LC_CTYPE', 'PWD'})"
    assert sandbox.test(program, ["assert names() == ['PYTHONHASHSEED']"]) == ["passed"]


def test_only_the_pipes_are_open(sandbox: Sandbox, place: Place) -> None:
    program = """
import os
def numbers():
    return [n for n in range(1024) if is_open(n)]
def is_open(n):
    try:
        os.fstat(n)
    except OSError:
        return False
    return True
"""
    with place.secret.open() as held:
        os.set_inheritable(held.fileno(), True)
        assert sandbox.test(program, ["assert len(numbers()) == 5 and numbers()[:3] == [0, 1, 2]"]) == ["passed"]


@pytest.mark.parametrize("name", forgeries.FORGERIES)
def test_no_forgery_passes(sandbox: Sandbox, name: str) -> None:
    (said,) = Sandbox(sandbox.backend, timeout=2.0, memory=256).test(forgeries.FORGERIES[name], [forgeries.CLAIM])
    assert said.startswith("failed")


def test_the_claim_that_forgeries_meet_can_be_met(sandbox: Sandbox) -> None:
    assert sandbox.test(forgeries.HONEST, [forgeries.CLAIM]) == ["passed"]


@pytest.mark.parametrize("claim", forgeries.SHADOWS)
def test_the_names_of_python_and_of_the_setup_are_their_own(sandbox: Sandbox, claim: str) -> None:
    (said,) = sandbox.test(forgeries.SHADOWS[claim], [claim], "import math")
    assert said.startswith("failed")


def test_what_is_printed_is_no_verdict(sandbox: Sandbox) -> None:
    program = (
        "import os\nfor n in range(1, 64):\n    try:\n        os.write(n, b'9\\n')\n    except OSError:\n        pass"
    )
    assert sandbox.run(program, "3") == "9\n"


def test_a_restriction_that_fails_is_an_error_and_no_verdict() -> None:
    unknown = Backend("unknown", lambda: None, per_process=("no such restriction",))
    with pytest.raises(SandboxError, match="KeyError: 'no such restriction'"):
        Sandbox(unknown).test(MBPP, ["assert double(1) == 2"])
    with pytest.raises(SandboxError, match="KeyError: 'no such restriction'"):
        Sandbox(unknown).run("print(1)", "")
