"""Compiles a decoding step with `torch.compile`, once the run is so long that it pays back.

How long a run will go on sampling is not known in advance. To compile once as much time has been lost as compiling
takes costs at most twice the best choice (the ski rental problem).
"""

from collections.abc import Callable

import torch
from torch import Tensor

Step = Callable[[Tensor], Tensor]
"""Tokens `[R]` to the next token's logits `[R, V]`."""

Compile = Callable[[Step], Step]

TOKENS = 60_000
"""Tokens of a row after which compiling pays: 30 s for a saving of 0.5 ms a token, as estimated for 24 layers; both
grow with the number of layers."""


def worth_compiling(tokens: int) -> bool:
    """Whether to compile after so many replayed tokens; never where runs must be repeatable to the last bit."""
    return tokens >= TOKENS and not torch.are_deterministic_algorithms_enabled()


def compile_step(step: Step) -> Step:
    """Compiles a step as one graph of constant shapes; raises what `torch.compile` does at the first call."""
    compiled: Step = torch.compile(step, fullgraph=True, dynamic=False)
    return compiled
