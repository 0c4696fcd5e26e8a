"""The amount of work by hand, of a contender whose clock is known."""

import time
from typing import Any

import pytest

from bench_fakes import Fake, steps
from benchmarks.calibrate import Calibration, calibrate, work_for
from benchmarks.work import Work

WORK = Work(prompts=4, group=8, prompt_tokens=96, tokens=64)


def test_steps_and_what_a_process_takes_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]

    def whet(asked: Any) -> dict[str, Any]:
        assert (asked["work"]["prompts"], asked["steps"]) == (4, 1)
        now[0] += 40.0
        return {"steps": steps(10.0)}

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    found = calibrate(Fake("whet", whet), "m", WORK)  # type: ignore[arg-type]
    # two steps of warming up and one that counts
    assert found == Calibration(WORK, start=10.0, step=10.0, rollout=2.5)


def test_a_round_and_the_rollouts_are_foretold() -> None:
    timed = Calibration(WORK, start=10.0, step=5.0, rollout=2.0)
    # three processes start; three steps of Whet, and of TRL twice as many times six
    assert timed.round(WORK, contenders=3, steps=3) == pytest.approx(3 * 10 + 3 * 5 * 13)
    assert timed.round(Work(2, 8, 96, 64), contenders=1, steps=3) == pytest.approx(10 + 3 * 2.5)
    assert timed.rollouts(rows=40, repeats=3) == pytest.approx(10 + 3 * 2 * 40 / 32)


@pytest.mark.parametrize(
    ("step", "prompts", "tokens"), [(5.0, 4, 64), (6.5, 2, 64), (14.0, 1, 64), (30.0, 1, 32), (1000.0, 1, 16)]
)
def test_work_is_halved_until_two_rounds_fit(step: float, prompts: int, tokens: int) -> None:
    """Two rounds of three contenders take 60 s and 78 times the step, of 500 s there are."""
    work = work_for(Calibration(WORK, start=10.0, step=step, rollout=1.0), contenders=3, steps=3, seconds=500.0)
    assert work == Work(prompts, 8, 96, tokens)
