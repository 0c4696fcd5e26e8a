"""What a recipe says of where else a run and its model go: trackers, the hub."""

import re
from typing import Any, Literal

from pydantic import field_validator

from whet.config.section import Section


class TrackerConfig(Section):
    """One more place where the figures of a run go while it goes."""

    shorthand = "name"

    name: Literal["wandb", "trackio", "tensorboard"]
    """Weights & Biases, trackio, or TensorBoard's event files in the run folder."""
    optional: bool = False
    """Where its library is not installed: go on without it and say so, instead of a refusal."""
    params: dict[str, Any] = {}
    """Keyword arguments of what starts it, such as `project`: `wandb.init`, `trackio.init`, `SummaryWriter`."""


class PushConfig(Section):
    """The finished model on the Hugging Face hub."""

    shorthand = "repo"

    repo: str
    """Where it goes: `owner/name`, or a name of your own."""
    private: bool = True
    """Whether a repository that is made for it is private."""
    when: Literal["end", "best"] = "end"
    """At the end of the run, or then only if no measurement before it was better."""

    @field_validator("repo")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        return check_repo(value)


def check_repo(name: str) -> str:
    """`name`, if it can name a repository of the hub.

    Raises `ValueError` otherwise.

    >>> check_repo("me/qwen-gsm8k")
    'me/qwen-gsm8k'
    """
    if not re.fullmatch(r"([A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]{0,95}", name):
        raise ValueError(f"is {name!r}; it must be owner/name or a name of your own, of letters, digits, '-', '_', '.'")
    return name
