"""TRL at equal work, on a tiny model."""

from typing import Any

import pytest

from benchmarks.contenders.trl_steps import main

pytest.importorskip("trl")


@pytest.mark.parametrize("tuned", [False, True])
def test_every_counted_step_and_its_phases(work: dict[str, Any], tuned: bool) -> None:
    found = main({**work, "tuned": tuned})
    assert len(found["steps"]) == 2
    for step in found["steps"]:
        assert step["step"] == pytest.approx(step["rollout"] + step["learn"] + step["optimizer"])
        assert min(step["rollout"], step["learn"], step["optimizer"]) > 0
    assert found["peak_gib"] > 0
