"""What the sections of training refuse by themselves."""

from typing import Any

import pytest

from whet.config import GrpoConfig, LoraConfig, ObjectiveConfig, ReplayConfig, SftConfig
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


def test_adapters_over_four_bits_cannot_be_merged() -> None:
    with pytest.raises(ValueError, match=r"lora\.bits is 4, .* set it to 16"):
        SftConfig(lora=LoraConfig(bits=4))
    assert SftConfig(lora=LoraConfig()).lora == LoraConfig()


def test_no_more_is_learned_from_than_is_sampled() -> None:
    with pytest.raises(ValueError, match=r"learn_from is 9, more than group_size 8; lower it"):
        GrpoConfig(group_size=8, learn_from=9)
    assert GrpoConfig(group_size=8, learn_from=8).learn_from == 8


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"group_size": 4}, "first is 4, not less than group_size 4; lower it"),
        ({"sizes": "pass_rate"}, "both decide how large a group is"),
        ({"replay": {}}, "which replay changes; leave one of them out"),
    ],
)
def test_a_few_first_are_fewer_and_the_only_ones_to_choose(others: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        GrpoConfig.model_validate({"first": 4, **others})
    assert GrpoConfig(first=4, draws=2, learn_from=4).first == 4
