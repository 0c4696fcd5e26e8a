"""The recipe's rewards section: rewards and their weights."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, PositiveInt, Tag

from whet.config.section import Section


class WeightConfig(Section):
    """A weight schedule over training, such as for an easy reward that fades out in favour of a strict one."""

    start: float
    """The weight at first."""
    end: float
    """The weight at the end."""
    steps: PositiveInt
    """GRPO steps from start to end."""
    after: int = Field(0, ge=0)
    """GRPO steps before it begins to change."""
    shape: Literal["linear", "cosine", "jump"] = "linear"
    """The curve: a line, half a cosine, or a jump when the steps are over."""


Weight = Annotated[
    Annotated[float, Tag("constant")] | Annotated[WeightConfig, Tag("schedule")],
    Discriminator(lambda value: "schedule" if isinstance(value, dict | WeightConfig) else "constant"),
]
"""A number, or a schedule over the steps of GRPO."""


class RewardConfig(Section):
    """One weighted part of r_i."""

    shorthand = "name"

    name: str
    """A built-in reward, `package.module:function` or `file.py:function`."""
    weight: Weight = 1.0
    """The reward's weight in the sum: a number, or a schedule `{start: 1, end: 0, steps: 100}`."""
    params: dict[str, Any] = {}
    """Keyword arguments for the reward."""
    on_error: Literal["skip", "zero", "fail"] = "skip"
    """Where the reward raises or returns no finite number: leave it out of the sum, count it as 0, or stop."""
    completions: Literal["auto", "text", "messages"] = "auto"
    """How completions reach your own function: as texts, as lists of messages, or as its code reads them (`auto`)."""
    timeout: float = Field(60.0, gt=0, le=86400)
    """Seconds that a call of your own function may take. The first call grades all completions of the step; on a
    time-out each is graded alone, and only those that time out again fail."""
    isolate: bool = True
    """Whether your own function runs in a process of its own, where it cannot hang or end the run; `false` for one that
    shares the GPU or live objects with the training."""
