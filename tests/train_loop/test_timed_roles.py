"""Sampler and reference on the clock: nothing but the time is added."""

from collections.abc import Iterator
from typing import Any

import pytest

from whet.train_loop.clock import Clock
from whet.train_loop.timed_roles import TimedReference, TimedSampler
from whet.types import Request, SamplingParams


class SetByHand(Clock):
    """A clock that goes on only when it is told to."""

    seen = 100.0

    def now(self) -> float:
        return self.seen


class Machine:
    """Plays sampler and reference: takes a second a call, and says which call it was and with what."""

    def __init__(self, clock: SetByHand) -> None:
        self.clock, self.heard = clock, list[Any]()

    def _called(self, *call: Any) -> Any:
        self.clock.seen += 1.0
        self.heard.append((*call, self.clock.under_way[0]))
        return call

    def load(self, policy: Any) -> None:
        self._called("load", policy)

    def generate(self, requests: Any, params: Any) -> Any:
        return self._called("generate", requests, params)

    def stream(self, request: Any, params: Any) -> Iterator[Any]:
        yield self._called("stream", request, params)

    def release(self) -> None:
        self._called("release")

    def logprobs(self, batch: Any) -> Any:
        return self._called("logprobs", batch)

    def sync(self, step: int) -> None:
        self._called("sync", step)


PARAMS, REQUEST = SamplingParams(), Request((1, 2), (3,))


def test_a_samplers_calls_count_as_rollout() -> None:
    clock = SetByHand()
    machine: Any = Machine(clock)
    sampler, policy = TimedSampler(machine, clock), object()
    sampler.load(policy)
    assert sampler.generate([REQUEST], PARAMS) == ("generate", [REQUEST], PARAMS)
    sampler.release()
    assert machine.heard == [
        ("load", policy, "rollout"),
        ("generate", [REQUEST], PARAMS, "rollout"),
        ("release", "rollout"),
    ]
    assert clock.seconds == {"rollout": 3.0}
    assert clock.longest == {"rollout": 1.0}


def test_what_is_read_along_is_not_timed() -> None:
    clock = SetByHand()
    machine: Any = Machine(clock)
    assert list(TimedSampler(machine, clock).stream(REQUEST, PARAMS)) == [("stream", REQUEST, PARAMS)]
    assert machine.heard == [("stream", REQUEST, PARAMS, "")]
    assert clock.seconds == {}


def test_a_references_calls_count_as_reference() -> None:
    clock = SetByHand()
    machine: Any = Machine(clock)
    reference, batch = TimedReference(machine, clock), object()
    assert reference.logprobs(batch) == ("logprobs", batch)  # type: ignore[arg-type,comparison-overlap]
    reference.sync(4)
    assert machine.heard == [("logprobs", batch, "reference"), ("sync", 4, "reference")]
    assert clock.seconds == {"reference": 2.0}


def test_a_call_that_fails_took_time_too() -> None:
    clock = SetByHand()

    class Broken(Machine):
        def generate(self, requests: Any, params: Any) -> Any:
            super().generate(requests, params)
            raise MemoryError

    machine: Any = Broken(clock)
    with pytest.raises(MemoryError):
        TimedSampler(machine, clock).generate([REQUEST], PARAMS)
    assert clock.seconds == {"rollout": 1.0}
    assert clock.under_way == ("", 0.0)
