"""A harness that waits in its sandbox for programs."""

import os
import sys
from dataclasses import replace

import psutil
import pytest

from offspring import offspring
from whet.sandbox.backends import BACKENDS, Backend
from whet.sandbox.run_tests import Sandbox
from whet.sandbox.server import SandboxError, Server

BARE = Backend("bare", lambda: None, per_process=())

FAMILY = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
os.write(int(sys.argv[1]), b"ready")
time.sleep(60)
"""


def starting(script: str) -> Backend:
    """One that starts a script in place of the harness, with the same descriptors."""
    return replace(BARE, wrapped=lambda command: [sys.executable, "-S", "-c", script, *command[-2:]])


def test_everything_that_it_started_ends_with_it() -> None:
    with Server(starting(FAMILY)):
        family = offspring(recursive=True)
        assert len(family) == 2
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


def test_it_inherits_its_descriptors_and_no_others() -> None:
    other = os.dup(0)
    os.set_inheritable(other, True)
    script = f"import os, sys; sys.exit(str([os.path.exists(f'/dev/fd/{{n}}') for n in (int(sys.argv[1]), {other})]))"
    with pytest.raises(SandboxError, match=r"\[True, False\]"):
        Server(starting(script))
    os.close(other)


def test_one_start_serves_many(sandbox: Sandbox) -> None:
    with Server(sandbox.backend) as server:
        for number in range(5):
            (said,) = sandbox.test(f"def f():\n    return {number}", [f"assert f() == {number}"], server=server)
            assert said == "passed"
        assert sandbox.run("print(7)", "", server) == "7\n"
        short = replace(sandbox, timeout=0.3)
        assert short.test("while True:\n    pass", ["f()"], server=server)[0].startswith("failed: took over")
        assert sandbox.test("import os\nos._exit(0)", ["assert f()"], server=server)[0].startswith("failed")
        assert sandbox.test("def f():\n    return 1", ["assert f() == 1"], server=server) == ["passed"]


def test_programs_leave_each_other_nothing(sandbox: Sandbox) -> None:
    first = "import builtins, json\nbuiltins.MARK = json.dumps = 1\ndef f():\n    return 1"
    second = "import builtins\ndef f():\n    return hasattr(builtins, 'MARK')"
    with Server(sandbox.backend) as server:
        assert sandbox.test(first, ["assert True"], server=server) == ["passed"]
        assert sandbox.test(second, ["assert f() is False"], server=server) == ["passed"]


def test_it_ends_with_the_block() -> None:
    with Server(BARE):
        assert len(offspring()) == 1
    assert offspring() == []


@pytest.mark.parametrize(
    ("backend", "what"),
    [
        (
            starting(""),
            r"\(bare\) gave no answer: it said nothing",
        ),
        (replace(BARE, wrapped=lambda command: ["/no/such/program"]), r"\(bare\) could not be started: .*No such file"),
        (replace(BARE, at_start=("magic",)), r"\(bare\) gave no answer: .*KeyError: 'magic'"),
    ],
)
def test_one_that_does_not_start(backend: Backend, what: str) -> None:
    with pytest.raises(SandboxError, match=what):
        Server(backend)
    assert offspring() == []


def test_one_that_has_died() -> None:
    with Server(BACKENDS[-1]) as server:
        offspring()[0].kill()
        with pytest.raises(SandboxError, match="gave no answer"):
            Sandbox(BACKENDS[-1]).test("", ["assert True"], server=server)
        with pytest.raises(SandboxError, match="gave no answer"):
            server.end()
