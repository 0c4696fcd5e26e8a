"""The recipe's sections for experiment trackers and the hub."""

import re
from typing import Any, Literal

from pydantic import field_validator

from whet.config.section import Section


class TrackerConfig(Section):
    """An experiment tracker that gets a run's metrics live."""

    shorthand = "name"

    name: Literal["wandb", "trackio", "tensorboard"]
    """Weights & Biases, trackio, or TensorBoard's event files in the run folder."""
    optional: bool = False
    """Where its library is not installed: log that and go on without it, instead of an error."""
    params: dict[str, Any] = {}
    """Keyword arguments of `wandb.init`, `trackio.init` or `SummaryWriter`, such as `project`."""


class PushConfig(Section):
    """The upload of the finished model to the Hugging Face hub."""

    shorthand = "repo"

    repo: str
    """The repository: `owner/name`, or a name of your own."""
    private: bool = True
    """Whether a repository created for it is private."""
    when: Literal["end", "best"] = "end"
    """At the end of the run, or then only if no measurement before it was better."""

    @field_validator("repo")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        return check_repo(value)


def check_repo(name: str) -> str:
    """Returns `name` if it is a valid repository name on the hub.

    Raises `ValueError` otherwise.

    >>> check_repo("me/qwen-gsm8k")
    'me/qwen-gsm8k'
    """
    if not re.fullmatch(r"([A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]{0,95}", name):
        raise ValueError(f"is {name!r}; it must be owner/name or a name of your own, of letters, digits, '-', '_', '.'")
    return name
