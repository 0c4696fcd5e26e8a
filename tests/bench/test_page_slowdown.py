"""How the slowdown beside open tabs is computed from step times."""

import os

import pytest

from benchmarks import page_slowdown
from benchmarks.page_slowdown import Waited, blocks_of, command, seconds_waited, slowdowns


def test_blocks_take_turns_and_their_first_steps_do_not_count() -> None:
    times = [9.0, 1.0, 1.0, 9.0, 2.0, 2.0, 9.0, 1.5, 1.5, 7.0]
    assert blocks_of(times, block=3, skipped=1) == {False: [1.0, 1.5], True: [2.0]}


def test_each_block_is_compared_with_its_neighbours() -> None:
    assert slowdowns({False: [1.0, 3.0, 1.0], True: [2.0, 3.0, 5.0]}) == [0.0, 0.5]
    drifting = {False: [1.0, 1.2, 1.4], True: [1.1, 1.3]}
    assert slowdowns(drifting) == pytest.approx([0.0, 0.0])


def test_the_command_is_a_training(tmp_path: object) -> None:
    from pathlib import Path

    words = command("m", Path("out"), 5, 1, 12)
    assert words[2:5] == ["whet", "train", "quickstart"]
    assert words[words.index("--grpo.steps") + 1] == "5"


def test_waiting_is_counted_with_tabs_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two seconds without tabs 0.1 were waited, of four with tabs 0.4; what lies between turns does not count."""
    looks = iter([(10.0, 1.0), (12.0, 1.1), (20.0, 5.0), (23.0, 5.3), (24.0, 5.4)])
    now = [0.0, 0.0]
    monkeypatch.setattr(page_slowdown.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(page_slowdown, "seconds_waited", lambda pid: {"1": now[1]})
    waited = Waited(1)
    for on in (False, False, None, True, True, True):
        if on is None:
            waited.forget()
            continue
        now[:] = next(looks)
        waited.look(on)
    assert waited.shares() == {"without": 0.05, "with tabs": 0.1}


def test_the_kernel_tells_how_long_a_process_waited() -> None:
    assert str(os.getpid()) in seconds_waited(os.getpid())
