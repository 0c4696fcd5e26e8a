"""A tracker that raises, hangs or is slow costs the run nothing."""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from whet.runs.tracker_thread import TrackerThread


class Played:
    """Keeps what it is given; `fault` is called first, with the name of the call."""

    def __init__(self, fault: Callable[[str], None] = lambda call: None) -> None:
        self.fault = fault
        self.got: list[tuple[str, int, Mapping[str, float]]] = []
        self.ended = False

    def begin(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.fault("begin")

    def metrics(self, phase: str, step: int, figures: Mapping[str, float]) -> None:
        self.fault("metrics")
        self.got.append((phase, step, figures))

    def end(self) -> None:
        self.fault("end")
        self.ended = True


def begun(played: Played, room: int = 1000) -> tuple[TrackerThread, list[str]]:
    said: list[str] = []
    detached = TrackerThread("wandb", played, said.append, room)
    detached.begin(Path("run"), {})
    return detached, said


def ended(detached: TrackerThread, seconds: float = 5.0) -> None:
    detached.close()
    detached.wait(seconds)


def test_records_arrive_in_order_as_numbers_and_nothing_is_said() -> None:
    played = Played()
    detached, said = begun(played)
    for step in range(50):
        detached.metrics("grpo", step, {"reward": step / 2, "at": "now", "interval": [0.0, 1.0]})
    ended(detached)
    assert played.got == [("grpo", step, {"reward": step / 2}) for step in range(50)]
    assert played.ended
    assert said == []


def until(holds: Callable[[], object]) -> None:
    """Waits for the other thread."""
    deadline = time.monotonic() + 5
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.001)


@pytest.mark.parametrize("error", [RuntimeError("no\nlogin"), SystemExit("no login"), KeyboardInterrupt("no login")])
def test_one_that_raises_is_told_of_once_and_left_alone(error: BaseException) -> None:
    def fault(call: str) -> None:
        if call == "metrics" and len(played.got) == 3:
            raise error

    played = Played(fault)
    detached, said = begun(played)
    for step in range(4):
        detached.metrics("grpo", step, {"reward": 1.0})
    until(lambda: detached._failure)
    for step in range(4, 10):
        detached.metrics("grpo", step, {"reward": 1.0})
    assert len(said) == 1
    assert said[0].startswith(f"wandb failed and is left out from here on ({type(error).__name__}: no login)")
    ended(detached)
    why = f"{type(error).__name__}: no login"
    assert said[1:] == [f"wandb: 7 of 10 records did not arrive ({why}); metrics.jsonl has them all"]
    assert len(played.got) == 3
    assert not played.ended


def test_one_that_fails_at_the_end_is_told_of() -> None:
    def fault(call: str) -> None:
        if call == "end":
            raise ConnectionError("Network is unreachable")

    detached, said = begun(Played(fault))
    detached.metrics("sft", 0, {"loss": 1.0})
    ended(detached)
    assert said == ["wandb did not end well (ConnectionError: Network is unreachable); metrics.jsonl has everything"]


def test_one_that_hangs_holds_nobody_up_and_loses_the_oldest() -> None:
    hold = threading.Event()

    def fault(call: str) -> None:
        if call == "begin":
            hold.wait()

    played = Played(fault)
    detached, said = begun(played, room=10)
    began = time.perf_counter()
    for step in range(2000):
        detached.metrics("grpo", step, {"reward": 1.0})
    assert time.perf_counter() - began < 1.0
    began = time.perf_counter()
    ended(detached, 0.2)
    assert 0.15 < time.perf_counter() - began < 2.0
    assert said == ["wandb: 2000 of 2000 records did not arrive (no answer in 0 s); metrics.jsonl has them all"]
    hold.set()
    until(lambda: played.ended)
    assert [step for _, step, _ in played.got] == list(range(1990, 2000)), "the newest had waited"


def test_one_that_is_too_slow_is_told_of() -> None:
    hold = threading.Event()
    played = Played(lambda call: hold.wait() and None)
    detached, said = begun(played, room=3)
    for step in range(5):
        detached.metrics("grpo", step, {"reward": 1.0})
    hold.set()
    ended(detached)
    assert played.ended
    assert said == ["wandb: 2 of 5 records did not arrive (too slow); metrics.jsonl has them all"]


def test_one_that_never_began_is_not_waited_for() -> None:
    said: list[str] = []
    ended(TrackerThread("wandb", Played(), said.append))
    assert said == []


def test_a_secret_in_what_it_raises_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "canary-of-wandb")

    def fault(call: str) -> None:
        raise PermissionError("canary-of-wandb is no key")

    detached, said = begun(Played(fault))
    detached.metrics("sft", 0, {"loss": 1.0})
    ended(detached)
    assert "canary" not in " ".join(said)
    assert "[redacted] is no key" in " ".join(said)
