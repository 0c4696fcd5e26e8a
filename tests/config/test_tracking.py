"""Trackers and the hub in a recipe."""

import pytest

from whet.config import PushConfig, RunConfig, TrackerConfig


def test_by_default_nothing_leaves_the_machine() -> None:
    assert RunConfig().trackers == []
    assert RunConfig().push is None


def test_a_name_is_enough() -> None:
    run = RunConfig.model_validate({"trackers": ["wandb", {"name": "trackio", "optional": True}], "push": "me/model"})
    assert run.trackers == [TrackerConfig(name="wandb"), TrackerConfig(name="trackio", optional=True)]
    assert run.push == PushConfig(repo="me/model", private=True, when="end")


@pytest.mark.parametrize("name", ["", "a/b/c", "two words", "me/", "/model", "https://hub/me/model", "../up"])
def test_what_can_name_no_repository_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"is '.*'; it must be owner/name or a name of your own"):
        PushConfig(repo=name)


def test_a_tracker_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="wandb"):
        RunConfig.model_validate({"trackers": ["wandbb"]})
