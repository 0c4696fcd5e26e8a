"""Steps that have become slow are told of, with the reason where it can be seen."""

import multiprocessing
import time
from collections import namedtuple
from collections.abc import Sequence

import pytest

from whet.compute.thread_settings import SETTINGS
from whet.train_loop.slowdown import OthersUse, Slowdown, _used


def told(speeds: Sequence[float], others: float | None = 0.0) -> list[str]:
    lines: list[str] = []
    watch = Slowdown(lines.append, lambda: others)
    for step, speed in enumerate(speeds):
        watch(step, speed)
    return lines


def test_two_slow_steps_in_a_row_are_told_once() -> None:
    assert told([0.5, 0.4, 0.5, 0.05, 0.05, 0.05, 0.05]) == [
        "step 4: a step takes about 10 times as long as before; no other program uses the processors; is the machine "
        "hot, on its battery, or short of memory?"
    ]


def test_and_again_when_it_was_as_usual_in_between() -> None:
    assert [line.split(":")[0] for line in told([1.0] * 3 + [0.1] * 3 + [1.0] + [0.1] * 2)] == ["step 4", "step 8"]


@pytest.mark.parametrize(
    "speeds",
    [
        [1.0, 1.0, 1.0, 0.1, 1.0, 0.1, 1.0],  # single ones
        [1.0, 1.0, 1.0, 0.41, 0.41, 0.41],  # 2.4 times as long
        [1.0, 1.0, 0.1, 0.1],  # nothing is usual yet after two
        [1.0, 0.7, 0.5, 0.35, 0.25, 0.18],  # grows step by step
    ],
)
def test_what_is_no_sudden_slowness_is_not_told(speeds: Sequence[float]) -> None:
    assert told(speeds) == []


def test_a_step_is_slow_where_all_measures_say_so() -> None:
    """η falls where many groups are drawn in vain, tokens per second where one completion is very long."""
    lines: list[str] = []
    watch = Slowdown(lines.append, lambda: None)
    steps = [(0.5, 100.0)] * 3 + [(0.1, 100.0)] * 2 + [(0.5, 20.0)] * 2 + [(0.1, 25.0)] * 2
    for step, speeds in enumerate(steps):
        watch(step, *speeds)
    assert [line.split(";")[0] for line in lines] == ["step 8: a step takes about 4 times as long as before"]


def test_other_programs_are_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SETTINGS, "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    (line,) = told([1.0] * 3 + [0.125] * 2, others=0.47)
    assert line == (
        "step 4: a step takes about 8 times as long as before; other programs use 47 % of the processors: end them, or "
        "stop the run with Ctrl-C: once resumed, its threads share them better"
    )
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    (line,) = told([1.0] * 3 + [0.125] * 2, others=0.47)
    assert line.endswith("other programs use 47 % of the processors: end them")


def test_where_nobody_can_say_what_others_use_none_is_named() -> None:
    (line,) = told([1.0] * 3 + [0.125] * 2, others=None)
    assert line.endswith("do other programs use the machine, or is it hot or short of memory?")


def _spin(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_what_this_process_and_its_children_use_is_not_what_others_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten processor seconds seven were used, four by this process, one by a child that runs and one by one that
    ended: a tenth is of others."""
    figures = iter([(100.0, 50.0, 20.0), (110.0, 57.0, 26.0), (110.0, 57.0, 26.0), (120.0, 60.0, 0.0), None, None])
    monkeypatch.setattr("whet.train_loop.slowdown._used", lambda: next(figures))
    others = OthersUse()
    assert others() == pytest.approx(0.1)
    assert others() is None, "no time has passed"
    assert others() == pytest.approx(0.3), "a child whose seconds are gone"
    assert others() is None, "the system does not say"


def test_what_a_hypervisor_took_is_not_what_programs_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100 seconds 30 were used, 10 of them by a guest; 20 more went to other machines."""
    import psutil

    names = ("user", "system", "idle", "iowait", "steal", "guest", "guest_nice")
    times = namedtuple("times", names)(30.0, 0.0, 60.0, 10.0, 20.0, 10.0, 0.0)
    monkeypatch.setattr(psutil, "cpu_times", lambda: times)
    everything, busy, _ = _used() or (0, 0, 0)
    assert (everything, busy) == (100.0, 30.0)


def test_a_system_that_does_not_say_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    def refuse() -> None:
        raise PermissionError("/proc/stat")

    monkeypatch.setattr(psutil, "cpu_times", refuse)
    assert OthersUse()() is None


def test_children_count_as_this_process() -> None:
    before = _used()
    child = multiprocessing.get_context("spawn").Process(target=_spin, args=(0.3,))
    child.start()
    child.join()
    _spin(0.1)
    after = _used()
    assert before is not None
    assert after is not None
    assert after[2] - before[2] >= 0.4, "a child that has ended counts"
    assert after[1] - before[1] >= 0.3, "and the machine was in use"
