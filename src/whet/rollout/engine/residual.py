"""The end of a block's half by PyTorch's operations: its last product, added to the residual stream."""

from torch import Tensor

from whet.rollout.engine.linear import Linear
from whet.rollout.engine.norms import Norm, add_norm


def residual(x: Tensor, inner: Tensor, product: Linear, after: Norm, norm: Norm) -> tuple[Tensor, Tensor]:
    """Returns x + after(product(inner)) `[…, hidden]`, and its norm."""
    return add_norm(x, after(product(inner)), norm)
