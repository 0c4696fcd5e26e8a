"""What the machine does in a second."""

import time
from collections.abc import Iterator

import pytest
import torch

from whet.compute import machine
from whet.compute.machine import PROBES, measure_machine, seconds


class Hands:
    """A clock that work moves by hand: each call takes the next of the given seconds."""

    def __init__(self, *taken: float) -> None:
        self.now = 5.0
        self.taken: Iterator[float] = iter(taken)
        self.settled = 0

    def __call__(self) -> float:
        return self.now

    def work(self) -> torch.Tensor:
        self.now += next(self.taken)
        return torch.zeros(())

    def settle(self) -> None:
        self.settled += 1


def timed(monkeypatch: pytest.MonkeyPatch, hands: Hands, burst: int = 1) -> float:
    monkeypatch.setattr(time, "perf_counter", hands)
    return seconds(hands.work, hands.settle, burst)


def test_the_fastest_after_a_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands(0.001, 0.02, 0.01, 0.2)
    assert timed(monkeypatch, hands) == pytest.approx(0.01)
    assert hands.settled == 4


def test_slow_work_is_done_twice_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert timed(monkeypatch, Hands(3.0, 2.0)) == pytest.approx(2.0)


def test_a_burst_is_shared_out_and_settled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands(*[1.0] * 4, *[0.5] * 4)
    assert timed(monkeypatch, hands, burst=4) == pytest.approx(0.5)
    assert hands.settled == 2


def test_operations_and_bytes_per_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """n³ multiplications and as many additions; every byte of a copy is read and written."""
    monkeypatch.setattr(machine, "seconds", lambda work, settle, burst: 0.5)
    monkeypatch.setitem(PROBES, "cpu", machine.Probe(side=10, copied=1000, burst=1))
    machine._measured.cache_clear()
    found = measure_machine(torch.device("cpu"), torch.float64)
    machine._measured.cache_clear()
    assert (found.flops, found.bandwidth) == (4000.0, 4000.0)


def test_this_machine_is_measured_once_and_leaves_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    began = time.perf_counter()
    found = measure_machine(torch.device("cpu"), torch.float32)
    assert time.perf_counter() - began < 5.0
    assert measure_machine(torch.device("cpu"), torch.float32) is found
    assert torch.get_rng_state().equal(before)
    assert 1e9 < found.flops < 1e14
    assert 1e9 < found.bandwidth < 1e13
