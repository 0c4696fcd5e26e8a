"""Agreements, sums and failures of processes, with real ones."""

import os
import signal
import time
from datetime import timedelta
from typing import Any

import pytest
import torch

from ranks import in_processes
from whet.compute.alone import Alone
from whet.compute.processes import be_patient, buckets, own_gpu, processes
from whet.errors import ProcessLost, UserError


def _agreements() -> dict[str, Any]:
    here = processes()
    weights = [torch.nn.Parameter(torch.zeros(3)) for _ in range(3)]
    weights[0].grad = torch.full((3,), 1.0 + here.rank)
    if here.rank == 1:
        weights[1].grad = torch.full((3,), 0.5)
    here.add_gradients(weights)
    return {
        "rank": here.rank,
        "count": here.count,
        "gathered": here.gathered(lambda: here.rank * 10),
        "first": here.first(lambda: f"said by {here.rank}"),
        "any": (here.any(here.rank == 1), here.any(False)),
        "gradients": [None if weight.grad is None else weight.grad.tolist() for weight in weights],
    }


def test_processes_agree_and_sum() -> None:
    found = in_processes(3, _agreements)
    assert [one.pop("rank") for one in found] == [0, 1, 2]
    assert found[0] == found[1] == found[2]
    assert found[0] == {
        "count": 3,
        "gathered": [0, 10, 20],
        "first": "said by 0",
        "any": (True, False),
        "gradients": [[6.0] * 3, [0.5] * 3, None],  # 1 + 2 + 3; of one process alone; of none
    }


def _failing(error: BaseException, rank: int) -> list[str]:
    """What `gathered` raises everywhere when the work of one process raises, and that the next exchange works."""

    def work() -> None:
        if processes().rank == rank:
            raise error

    said = []
    for exchange in (processes().gathered, processes().first):
        try:
            exchange(work)
        except BaseException as raised:
            said.append(f"{type(raised).__name__}: {raised}")
    return [*said, str(processes().gathered(lambda: 1))]


@pytest.mark.parametrize(
    ("error", "rank", "said"),
    [
        (UserError("grpo.steps: too many"), 1, ["UserError: grpo.steps: too many"]),
        (ValueError("no"), 1, ["RuntimeError: process 1 of 2: ValueError: no"]),
        (KeyboardInterrupt("stopped"), 0, ["KeyboardInterrupt: stopped"] * 2),
    ],
)
def test_what_one_process_raises_all_raise(error: BaseException, rank: int, said: list[str]) -> None:
    assert in_processes(2, _failing, error, rank) == [[*said, "[1, 1]"]] * 2


def _interrupted_between() -> list[str]:
    """One is asked to stop between two exchanges: the next one raises in all, and those after it work."""
    here, asked = processes(), [False]

    def take_up() -> None:
        if asked.pop():
            asked.append(False)
            raise KeyboardInterrupt("stop")
        asked.append(False)

    here.before_each(take_up)
    here.gathered(lambda: None)
    asked[0] = here.rank == 1
    try:
        here.gathered(lambda: time.sleep(0.2 * here.rank))
    except KeyboardInterrupt as interrupt:
        return [str(interrupt), *here.gathered(lambda: "goes on")]
    return []


def test_a_stop_between_two_exchanges_is_met_by_all_in_the_next() -> None:
    assert in_processes(2, _interrupted_between) == [["stop", "goes on", "goes on"]] * 2


def _killed() -> float:
    processes()
    if processes().rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    began = time.monotonic()
    try:
        processes().gathered(lambda: None)
    except ProcessLost as lost:
        raise ProcessLost(f"{lost} after {'moments' if time.monotonic() - began < 20 else 'long'}") from None
    return 0.0


def test_a_killed_process_is_named() -> None:
    first, killed, other = in_processes(3, _killed)
    assert killed is None
    assert isinstance(first, ProcessLost)
    assert "process 1 (pid " in str(first)
    assert "of 3 ended without a word: killed, or out of memory" in str(first)
    assert str(first).endswith("moments")
    assert isinstance(other, ProcessLost)


def _late() -> None:
    be_patient(timedelta(seconds=1))
    if processes().rank == 1:
        time.sleep(3)
    processes().gathered(lambda: None)


def test_a_late_process_is_named() -> None:
    first, _ = in_processes(2, _late)
    assert isinstance(first, ProcessLost)
    assert "process 1 (pid " in str(first)
    assert "of 2 kept the others waiting for 0.0167 minutes (compute.timeout_minutes) at 1 gathered" in str(first)


def _late_by(rank: int, stopped: bool) -> str:
    """One process hangs, or is stopped; what the others say."""
    here = processes()
    be_patient(timedelta(seconds=3))
    here.gathered(lambda: None)
    if here.rank == rank:
        if stopped:
            os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(30)
    here.gathered(lambda: None)
    return "came"


@pytest.mark.parametrize(
    ("rank", "stopped"),
    [*(pytest.param(*kind, marks=pytest.mark.slow) for kind in ((0, False), (1, True))), (0, True)],
)
def test_a_process_that_hangs_is_named_by_all_others(rank: int, stopped: bool) -> None:
    """Process 0 too, which keeps the store: stopped, it does not answer."""
    found = in_processes(3, _late_by, rank, stopped, watched=[number for number in range(3) if number != rank])
    for one in (one for number, one in enumerate(found) if number != rank):
        assert isinstance(one, ProcessLost), one
        assert str(one).startswith(f"process {rank} (pid ")
        assert "kept the others waiting for 0.05 minutes" in str(one) or "does not answer" in str(one)
        assert str(one).count("(pid ") == 1


def _gone_different_ways() -> str:
    here = processes()

    def own() -> int:
        return 1

    def others() -> int:
        return 2

    if here.rank == 1:
        here.first(others)
    else:
        here.gathered(own)
    return "took one for the other"


def test_different_exchanges_are_not_taken_for_one_another() -> None:
    for said in map(str, in_processes(2, _gone_different_ways)):
        assert said.startswith("the processes of the run have gone different ways: process 0 (pid ")
        assert "._gone_different_ways.<locals>.own; process 1 (pid " in said
        assert "._gone_different_ways.<locals>.others; please report it" in said


def _one_exchange_too_many() -> str:
    here = processes()
    if here.rank == 0:
        here.any(False)
    here.first(lambda: 1)
    return "took one for the other"


def test_an_exchange_too_many_is_told() -> None:
    for said in map(str, in_processes(2, _one_exchange_too_many)):
        assert said.startswith("the processes of the run have gone different ways")


def _failing_together(error: BaseException) -> Any:
    """Process 1 fails in the midst of sums that the others are in."""
    here = processes()

    def work() -> int:
        weight = torch.nn.Parameter(torch.zeros(2))
        weight.grad = torch.ones(2)
        torch.distributed.all_reduce(weight.grad)
        if here.rank == 1:
            raise error
        torch.distributed.all_reduce(weight.grad)
        return int(weight.grad[0])

    return here.together(work)


def test_what_fails_in_the_midst_of_sums_ends_all() -> None:
    first, failed = in_processes(2, _failing_together, UserError("grpo.steps: too many"))
    assert [type(first), type(failed)] == [UserError, UserError]
    assert str(first) == str(failed) == "grpo.steps: too many"
    first, failed = in_processes(2, _failing_together, ValueError("no"))
    assert isinstance(failed, ValueError)
    assert isinstance(first, ProcessLost)
    assert "process 1 (pid " in str(first)
    assert str(first).endswith("of 2 ended: ValueError: no")


def _together() -> list[int]:
    here = processes()

    def work() -> int:
        total = torch.ones(())
        torch.distributed.all_reduce(total)
        return int(total) + here.rank

    return here.together(work)


def test_work_with_sums_in_it_is_done_by_all() -> None:
    assert in_processes(2, _together) == [[2, 3]] * 2


def _leaving() -> None:
    processes()
    if processes().rank == 1:
        raise ValueError("a file is not there")
    processes().gathered(lambda: None)


def test_a_process_that_leaves_says_why() -> None:
    first, other = in_processes(2, _leaving)
    assert isinstance(other, ValueError)
    assert isinstance(first, ProcessLost)
    assert "of 2 ended: ValueError: a file is not there" in str(first)


def test_without_torchruns_variables_a_process_is_alone() -> None:
    assert isinstance(processes(), Alone)


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"RANK": "5", "LOCAL_RANK": "1", "WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4"}
    for name, value in {**variables, "MASTER_ADDR": "a", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    assert own_gpu(4) == 1
    with pytest.raises(UserError, match=r"^compute\.processes: 4 are on a machine with 2 GPUs; start one for each GPU"):
        own_gpu(2)


def test_buckets_hold_what_can_travel_together() -> None:
    wide, narrow = torch.zeros(4), torch.zeros(4, dtype=torch.bfloat16)
    assert [len(some) for some in buckets([wide, wide, narrow, wide], size=32)] == [2, 1, 1]
    assert [some[0].numel() for some in buckets([torch.zeros(100)], size=32)] == [100]
    assert list(buckets([])) == []
