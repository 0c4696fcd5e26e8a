"""Where things are in a run folder."""

import pytest

from whet.runs.layout import rollouts_name, step_of_rollouts


@pytest.mark.parametrize("step", [0, 1, 999_999, 1_234_567])
def test_a_step_and_its_file_name_go_both_ways(step: int) -> None:
    assert step_of_rollouts(rollouts_name(step)) == step


def test_names_sort_as_steps_do() -> None:
    assert rollouts_name(9) < rollouts_name(10) < rollouts_name(100)
