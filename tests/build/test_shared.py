"""What the wiring shares among processes, and that one process pays nothing."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ranks_in_threads import in_threads
from whet.build import shared
from whet.compute.processes import Alone


def test_with_one_process_every_role_stays_what_it_is() -> None:
    role: Any = object()
    assert isinstance(shared.joined(), Alone)
    for wrap in (shared.shared_sampler, shared.led_sampler, shared.shared_mixture):
        assert wrap(role) is role
    policy: Any = SimpleNamespace(is_sharded=False)
    assert shared.shared_optimizer(role, policy) is role
    assert shared.shared_reference(role, policy) is role
    assert shared.led(role) is role
    assert shared.own_share(role) is role
    assert shared.agreed_clock() is time.monotonic


def test_with_several_every_role_is_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    from whet.rewards.mixture import Mixture

    (seat,) = in_threads(1, lambda processes: processes)
    seat.table.count = 2
    monkeypatch.setattr(shared, "joined", lambda: seat)
    role: Any = SimpleNamespace()
    assert type(shared.shared_sampler(role)).__name__ == "SharedSampler"
    assert type(shared.led_sampler(role)).__name__ == "LedSampler"
    role.masters = []
    whole: Any = SimpleNamespace(is_sharded=False)
    divided: Any = SimpleNamespace(is_sharded=True)
    assert type(shared.shared_optimizer(role, whole)).__name__ == "SharedOptimizer"
    assert type(shared.shared_optimizer(role, divided)).__name__ == "ShardedOptimizer"
    assert type(shared.shared_reference(role, whole)).__name__ == "SharedReference"
    assert type(shared.shared_reference(role, divided)).__name__ == "ShardedReference"
    assert type(shared.shared_mixture(Mixture([]))).__name__ == "SharedMixture"


def test_a_budget_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shared.own_part(10) == 10
    (seat,) = in_threads(1, lambda processes: processes)
    seat.table.count = 4
    monkeypatch.setattr(shared, "joined", lambda: seat)
    assert (shared.own_part(10), shared.own_part(3)) == (2, 1)


def test_process_0_judges_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def judge(text: str, *, rank: int) -> str:
        asked.append(rank)
        return f"{text} by {rank}"

    def verdict(processes: Any) -> str:
        with_processes = Judged(processes)
        return with_processes.led(judge)("right", rank=processes.rank)

    assert in_threads(3, verdict) == ["right by 0"] * 3
    assert asked == [0]


class Judged:
    """`whet.build.shared` with the processes of one thread."""

    def __init__(self, processes: Any) -> None:
        self.processes = processes

    def led(self, judge: Any) -> Any:
        namespace = {**vars(shared), "joined": lambda: self.processes}
        return type(shared.led)(shared.led.__code__, namespace)(judge)


@pytest.mark.parametrize(("device", "expected"), [("cpu", 250), ("cuda", 1000)])
def test_the_machines_memory_is_for_all_that_are_on_it(
    monkeypatch: pytest.MonkeyPatch, device: str, expected: int
) -> None:
    variables = {"RANK": "0", "WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4", "MASTER_ADDR": "a", "MASTER_PORT": "1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert shared.own_share(lambda device: 1000)(torch.device(device)) == expected
