"""What the sections of training refuse by themselves."""

import pytest

from whet.config import GrpoConfig, ObjectiveConfig, ReplayConfig
from whet.config.objectives import ROWS


@pytest.mark.parametrize("name", ROWS)
def test_replay_needs_a_ratio(name: str) -> None:
    """REINFORCE has none: it would learn from what an earlier policy said as if it had said it itself."""
    objective = ObjectiveConfig.model_validate({"name": name})
    if objective.surrogate != "log_probability":
        assert GrpoConfig(replay=ReplayConfig(), objective=objective).replay == ReplayConfig()
        return
    with pytest.raises(
        ValueError, match=r"replay needs a ratio .* set objective\.surrogate to clip, or leave replay out"
    ):
        GrpoConfig(replay=ReplayConfig(), objective=objective)
    assert GrpoConfig(objective=objective).replay is None
