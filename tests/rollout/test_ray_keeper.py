"""What a keeper answers over its pipe: results, and each kind of error as itself."""

import threading
from collections.abc import Iterator
from multiprocessing import Pipe
from typing import Any

import pytest

from stand_in_ray import StandInCluster
from whet.errors import ProcessLost, UserError
from whet.rollout.ray_drawing import WorkerLostError
from whet.rollout.ray_keeper import ANSWERED, ENDED, FAILED, LOST, WRONG, Keeper


class Kept:
    """A keeper in a thread, and this end of its pipe."""

    def __init__(self) -> None:
        self.pipe, theirs = Pipe()
        self.cluster = StandInCluster(2)
        self.thread = threading.Thread(target=Keeper(theirs, lambda *_: self.cluster).serve)
        self.thread.start()

    def call(self, *message: Any) -> Any:
        self.pipe.send(message)
        return self.pipe.recv()


@pytest.fixture
def kept() -> Iterator[Kept]:
    made = Kept()
    assert made.call("join") == (ANSWERED, 2)
    yield made
    made.pipe.close()
    made.thread.join(10)
    assert made.cluster.closed == 1, "the cluster is closed once whoever asks is gone"


def test_calls_have_numbers_and_are_answered_once(kept: Kept) -> None:
    first, second = kept.call("ask", 0, "about", (), None)[1], kept.call("ask", 1, "about", (), None)[1]
    assert first != second
    assert sorted(kept.call("answered", [first, second], 0.0)[1]) == sorted([first, second])
    assert kept.call("answer", second) == (ANSWERED, "a worker")
    assert kept.call("answer", second)[0] == FAILED
    assert kept.cluster.calls[0][:2] == ("worker 0", "about")
    assert kept.call("name", 1) == (ANSWERED, "Ray worker 1")


def test_what_is_stored_takes_its_place_among_the_arguments(kept: Kept) -> None:
    from whet.rollout.policy_state import PolicyState

    state = PolicyState("{}", "float32", (), None, frozenset({1}), True)
    kept.pipe.send(("put", state, 5))
    kept.pipe.send_bytes(b"bytes")
    kind, number = kept.pipe.recv()
    assert (kind, bytes(kept.cluster.stored[0].data)) == (ANSWERED, b"bytes")
    kept.call("ask", 0, "sample", (7, number, "requests", "params"), 1)
    assert kept.cluster.calls[0] == ("worker 0", "sample", (7, 0, "requests", "params"))
    assert kept.call("drop", number) == (ANSWERED, None)
    assert kept.call("ask", 0, "sample", (7, number), 1)[0] == FAILED, "it is forgotten"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (WorkerLostError("closed", for_good=True), (LOST, "closed", True)),
        (UserError("lower it"), (WRONG, "lower it")),
        (ProcessLost("no head"), (ENDED, "no head")),
        (ValueError("no such shape"), (FAILED, "no such shape", [])),
    ],
)
def test_an_error_is_told_as_what_it_is(kept: Kept, error: BaseException, told: Any) -> None:
    def raises(*_: Any) -> Any:
        raise error

    kept.cluster.end = raises  # type: ignore[method-assign]
    assert kept.call("end", 0) == told
    assert kept.call("name", 0) == (ANSWERED, "Ray worker 0"), "it goes on"
