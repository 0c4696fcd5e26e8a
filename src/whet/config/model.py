"""The recipe's model section."""

import datetime
from typing import Any, Literal

from pydantic import Field, PositiveInt

from whet.config.section import Section


class LoraConfig(Section):
    """Low-rank adapters (arXiv:2106.09685) in place of training every weight."""

    rank: PositiveInt = 16
    """r: the rank of the update."""
    alpha: float = Field(32.0, gt=0)
    """The update is scaled by alpha / rank."""
    targets: list[str] | Literal["all-linear"] = "all-linear"
    """The linear layers that get an adapter, by the end of their name."""
    bits: Literal[4, 16] = 16
    """The precision of the base weights: 4 bits (QLoRA, arXiv:2305.14314), or 16 for that of `dtype`."""


class ModelConfig(Section):
    """π_θ: the model to train."""

    shorthand = "name"

    name: str
    """A folder, a GGUF file, a hub name, or a packaged model (`SmolLM2-135M-Instruct`)."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """The dtype that layers load and compute in; auto takes bfloat16 where the hardware supports it natively. While a
    stage trains, its optimizer keeps a float32 master of every weight."""
    lora: LoraConfig | None = None
    """Train low-rank adapters instead of every weight."""
    template: dict[str, Any] = {}
    """Variables for the model's chat template, such as `enable_thinking: true`; the finished model's template has them
    as defaults."""
    date: datetime.date | None = None
    """What chat templates that print today's date are told, such as 2026-07-26; the default is the day on which a run
    begins, and its own recipe keeps it."""
