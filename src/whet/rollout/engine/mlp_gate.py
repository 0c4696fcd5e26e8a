"""The gate of a block's MLP by PyTorch's operations."""

from torch import Tensor

from whet.rollout.engine.fused_weights import FusedWeights


def gate(both: Tensor, weights: FusedWeights) -> Tensor:
    """Returns activation(gate) · up `[…, I]` for (gate ‖ up) `[…, 2 I]`."""
    gate, up = both.chunk(2, -1)
    return weights.activation(gate) * up
