"""A step is recorded before it is looked at, and what ends the run is raised after."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from whet.errors import UserError
from whet.train_loop.step_checks import Guarded


class Even(Guarded):
    """Ends a run at an odd figure."""

    def check(self, step: int, metrics: Mapping[str, float]) -> None:
        if metrics["figure"] % 2:
            raise UserError(f"step {step}: odd")


def test_recorded_first_then_refused() -> None:
    recorded: list[Any] = []
    run: Any = SimpleNamespace(steps=lambda until: range(2, until), record=lambda *step: recorded.append(step))
    guarded = Even(run)
    assert list(guarded.steps(4)) == [2, 3]
    guarded.record(2, [], [], {"figure": 4.0})
    with pytest.raises(UserError, match="step 3: odd"):
        guarded.record(3, [], [], {"figure": 5.0})
    assert [step for step, *_ in recorded] == [2, 3]
