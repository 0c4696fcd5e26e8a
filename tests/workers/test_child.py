"""A forked worker, in a process that has nothing else to lose."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

START = """
import json, os, sys, time
from functools import partial
from socket import SHUT_RDWR, socketpair
from workers.services import obey
from whet.workers.child import Child, RunEndedError
from whet.workers.frames import framed

def asking(*words):
    return framed(json.dumps(words).encode())

run, other = socketpair()
child = Child(partial(obey, None), run)
told = {"ready": child.exchange(b"", 20.0).decode()}
"""
END = "\ntold.update(how=child.end(), alive=os.path.exists(f'/proc/{child.pid}'))\nprint(json.dumps(told))"


def told(script: str) -> dict[str, Any]:
    """What a script put down about its child."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", START + script + END]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env=env)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_it_answers_until_it_is_ended() -> None:
    found = told("told['made'] = json.loads(child.exchange(asking('made'), 20.0))")
    assert found == {"ready": "", "made": 1, "how": "by SIGKILL", "alive": False}


def test_what_it_prints_is_heard_for_each_request() -> None:
    script = """
child.exchange(asking("warn", "\\x1b[31mhello"), 20.0)
told["first"] = child.printed
child.exchange(asking("made"), 20.0)
told["second"] = child.printed
"""
    found = told(script)
    assert (found["first"], found["second"]) == ("\x1b[31mhello", "")


@pytest.mark.parametrize(
    ("deed", "error", "how"),
    [("'spin'", "TimeoutError", "by SIGKILL"), ("'exit', 7", "EOFError", "with exit code 7")],
)
def test_why_there_is_no_answer(deed: str, error: str, how: str) -> None:
    script = f"""
try:
    child.exchange(asking({deed}), 0.3)
except (TimeoutError, EOFError) as error:
    told["error"] = type(error).__name__
    told["how_at_once"] = child.end(grace=1.0 if isinstance(error, EOFError) else 0.0)
"""
    found = told(script + "child.end = lambda: told['how_at_once']")
    assert (found["error"], found["how"]) == (error, how)


def test_nobody_waits_any_more() -> None:
    script = """
other.shutdown(SHUT_RDWR)
try:
    child.exchange(asking("spin"), 20.0)
except RunEndedError:
    told["ended"] = True
"""
    assert told(script)["ended"]
