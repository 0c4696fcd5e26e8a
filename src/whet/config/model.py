"""What a recipe says of the model."""

from typing import Literal

from pydantic import Field, PositiveInt

from whet.config.section import Section


class LoraConfig(Section):
    """Low-rank adapters (arXiv:2106.09685) in place of training every weight."""

    rank: PositiveInt = 16
    """r: the rank of the update."""
    alpha: float = Field(32.0, gt=0)
    """The update is scaled by alpha / rank."""
    targets: list[str] | Literal["all-linear"] = "all-linear"
    """Which linear layers carry an adapter, by the end of their name."""
    bits: Literal[4, 16] = 16
    """What each weight under the adapters is kept in: 4 bits (QLoRA, arXiv:2305.14314), or as `dtype` has it."""


class ModelConfig(Section):
    """π_θ: which model to sharpen."""

    shorthand = "name"

    name: str
    """A folder, a GGUF file, a hub name, or a packaged model (`SmolLM2-135M-Instruct`)."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """What the layers load and compute in; auto takes bfloat16 where the machine is fast at it. While a stage trains,
    its optimizer keeps a float32 master of every weight."""
    lora: LoraConfig | None = None
    """Train low-rank adapters instead of every weight."""
