"""How the slowdown beside open tabs is computed from step times."""

import pytest

from benchmarks.page_slowdown import blocks_of, command, slowdowns


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
