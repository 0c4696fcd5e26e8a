"""Whet sharpens small language models at reasoning by reinforcement fine-tuning (GRPO)."""

from importlib.metadata import version

__version__ = version("whet")
