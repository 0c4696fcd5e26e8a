"""What the sections of training refuse by themselves."""

import pytest

from whet.config import GrpoConfig, ObjectiveConfig, ReplayConfig, SftConfig
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


def test_auto_is_a_micro_batch_without_a_size_yet() -> None:
    for section in (GrpoConfig, SftConfig):
        assert section.model_validate({"micro_batch_tokens": "auto"}) == section()
        assert section.model_validate({"micro_batch_tokens": 77}).micro_batch_tokens == 77
        with pytest.raises(ValueError, match="micro_batch_tokens"):
            section.model_validate({"micro_batch_tokens": "automatic"})
        with pytest.raises(ValueError, match="micro_batch_tokens"):
            section.model_validate({"micro_batch_tokens": 0})
