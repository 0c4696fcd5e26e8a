"""Three steps in a row without numbers end a run; a good one in between begins the count anew."""

from types import SimpleNamespace
from typing import Any

import pytest

from whet.errors import UserError
from whet.train_loop.finite_loss import Finite


def fed(ratios: list[float]) -> list[int]:
    """The steps that were recorded."""
    recorded: list[int] = []
    run: Any = SimpleNamespace(record=lambda step, *rest: recorded.append(step), steps=range)
    finite = Finite(run)
    for step, ratio in zip(finite.steps(len(ratios)), ratios, strict=True):
        finite.record(step, [], [], {"non_finite_ratio": ratio})
    return recorded


def test_single_steps_are_borne() -> None:
    assert fed([0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.5, 1.0, 1.0]) == list(range(9))


def test_the_third_in_a_row_is_recorded_and_ends_the_run() -> None:
    with pytest.raises(UserError, match="step 3: for 3 steps the gradient has been no finite number"):
        fed([0.0, 1.0, 1.0, 1.0, 0.0])
