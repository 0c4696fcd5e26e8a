"""Processes in turn, by small programs of our own."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench_fakes import Fake
from benchmarks import rounds
from benchmarks.rounds import Contender, Spread, in_turn
from whet.errors import UserError

ECHO = """
import json, os, sys
print("noise")
print(json.dumps({"given": json.loads(sys.argv[1]), "seen": os.environ.get("SEEN"), "pid": os.getpid()}))
"""
FAIL = """
import sys
print("warming up", file=sys.stderr)
sys.exit("no such model")
"""


@pytest.fixture(autouse=True)
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "echo.py").write_text(ECHO)
    (tmp_path / "fail.py").write_text(FAIL)
    monkeypatch.setattr(rounds, "CONTENDERS", tmp_path)


def contender(name: str, worker: str = "echo.py", **options: Any) -> Contender:
    return Contender(name, sys.executable, worker, options, {"SEEN": name})


def test_a_contender_gets_the_work_its_options_and_its_environment() -> None:
    found = contender("a", tuned=True).run({"steps": 3})
    assert found["given"] == {"steps": 3, "tuned": True}
    assert found["seen"] == "a"


def test_each_takes_its_turn_in_a_process_of_its_own() -> None:
    said: list[str] = []
    found = in_turn([contender("a"), contender("b")], {}, 2, said.append)
    assert said == ["round 1 of 2: a", "round 1 of 2: b", "round 2 of 2: a", "round 2 of 2: b"]
    assert [one["seen"] for one in found["b"]] == ["b", "b"]
    assert len({one["pid"] for some in found.values() for one in some}) == 4


@pytest.mark.parametrize(("seconds", "count"), [(None, 5), (1000.0, 5), (45.0, 4), (30.0, 3), (1.0, 2)])
def test_rounds_end_with_the_time_and_are_two_at_least(
    seconds: float | None, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each round takes 10 s."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    slow = Fake("slow", lambda work: {"at": now.__setitem__(0, now[0] + 10.0)})
    said: list[str] = []
    found = in_turn([slow], {}, 5, said.append, seconds)  # type: ignore[list-item]
    assert len(found["slow"]) == count
    assert ("longer than there is time for" in said[-1]) == (count < 5)


def test_a_failure_says_who_and_what() -> None:
    with pytest.raises(UserError, match=r"^bench: x failed \(exit 1\) and said last: no such model$"):
        contender("x", "fail.py").run({})


def test_a_spread_is_of_the_middle_and_the_ends() -> None:
    assert Spread.of([4.0, 1.0, 2.0]) == Spread(2.0, 1.0, 4.0)
    assert str(Spread.of([1.0, 2.0])) == "1.50 [1.00, 2.00]"
    assert json.dumps(Spread.of([3.0]).median) == "3.0"
