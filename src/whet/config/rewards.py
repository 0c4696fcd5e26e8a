"""What a recipe says of rewards and their weights."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, PositiveInt, Tag

from whet.config.section import Section


class WeightConfig(Section):
    """A weight that moves while training, such as that of a gentle reward that makes way for a strict one."""

    start: float
    """The weight before it moves."""
    end: float
    """The weight once it has moved."""
    steps: PositiveInt
    """GRPO steps from start to end."""
    after: int = Field(0, ge=0)
    """GRPO steps before it begins to move."""
    shape: Literal["linear", "cosine", "jump"] = "linear"
    """On a line, along half a cosine, or all at once when the steps are over."""


Weight = Annotated[
    Annotated[float, Tag("constant")] | Annotated[WeightConfig, Tag("schedule")],
    Discriminator(lambda value: "schedule" if isinstance(value, dict | WeightConfig) else "constant"),
]
"""A number, or a schedule over the steps of GRPO."""


class RewardConfig(Section):
    """One part of r_i."""

    shorthand = "name"

    name: str
    """A built-in reward, `package.module:function` or `file.py:function`."""
    weight: Weight = 1.0
    """What the reward is multiplied by in the sum: a number, or a schedule `{start: 1, end: 0, steps: 100}`."""
    params: dict[str, Any] = {}
    """Keyword arguments for the reward."""
    on_error: Literal["skip", "zero", "fail"] = "skip"
    """Where the reward raises or returns no finite number: leave it out of the sum, count it as 0, or stop."""
    timeout: float = Field(60.0, gt=0, le=86400)
    """Seconds that one call of a function of your own may take. The first call asks about all responses of the step;
    where it is late, each is asked about alone, and only those that are late again fail."""
    isolate: bool = True
    """Whether a function of your own runs in a process of its own, where it cannot hang or end the run; `false` for one
    that shares the GPU or live objects with the training."""
