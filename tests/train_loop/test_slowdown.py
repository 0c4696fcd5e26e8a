"""Steps that have become slow are told of, with the reason where it can be seen."""

import multiprocessing
import time
from collections.abc import Sequence

import pytest

from whet.train_loop.slowdown import OthersUse, Slowdown


def told(speeds: Sequence[float], others: float | None = 0.0) -> list[str]:
    lines: list[str] = []
    watch = Slowdown(lines.append, None if others is None else lambda: others)
    for step, speed in enumerate(speeds):
        watch(step, speed)
    return lines


def test_two_slow_steps_in_a_row_are_told_once() -> None:
    assert told([0.5, 0.4, 0.5, 0.05, 0.05, 0.05, 0.05]) == [
        "step 4: a step takes 10 times as long as before; is the machine hot, on its battery, or short of memory?"
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
    watch = Slowdown(lines.append, None)
    steps = [(0.5, 100.0)] * 3 + [(0.1, 100.0)] * 2 + [(0.5, 20.0)] * 2 + [(0.1, 25.0)] * 2
    for step, speeds in enumerate(steps):
        watch(step, *speeds)
    assert [line.split(";")[0] for line in lines] == ["step 8: a step takes 4 times as long as before"]


def test_other_programs_are_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    (line,) = told([1.0] * 3 + [0.125] * 2, others=0.47)
    assert line == (
        "step 4: a step takes 8 times as long as before; other programs use 47 % of the processors: end them, or stop "
        "the run with Ctrl-C: once resumed, its threads share them better"
    )
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    (line,) = told([1.0] * 3 + [0.125] * 2, others=0.47)
    assert line.endswith("other programs use 47 % of the processors: end them")


def test_where_nobody_can_say_what_others_use_none_is_named() -> None:
    (line,) = told([1.0] * 3 + [0.125] * 2, others=None)
    assert line.endswith("is the machine hot, on its battery, or short of memory?")


def _spin(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_what_this_process_and_its_children_use_is_not_what_others_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten processor seconds seven were used, four by this process, one by a child that runs and one by one that
    ended: a tenth is of others."""
    figures = iter([(100.0, 50.0, 20.0), (110.0, 57.0, 26.0), (110.0, 57.0, 26.0)])
    monkeypatch.setattr("whet.train_loop.slowdown._used", lambda: next(figures))
    others = OthersUse()
    assert others() == pytest.approx(0.1)
    assert others() == 0.0


def test_children_count_as_this_process() -> None:
    from whet.train_loop.slowdown import _used

    before = _used()
    child = multiprocessing.get_context("spawn").Process(target=_spin, args=(0.3,))
    child.start()
    child.join()
    _spin(0.1)
    after = _used()
    assert after[2] - before[2] >= 0.4, "a child that has ended counts"
    assert after[1] - before[1] >= 0.3, "and the machine was in use"
