"""The importance ratio ρ = π_θ(o) / π_old(o) of each token, or of the whole completion."""

from collections.abc import Callable

from torch import Tensor


def _of_token(log_ratio_BT: Tensor, _: Tensor) -> Tensor:
    """GRPO, arXiv:2402.03300, eq. 3: ρ_t = π_θ(o_t | q, o_<t) / π_old(o_t | q, o_<t)."""
    return log_ratio_BT.exp()


def _of_sequence(log_ratio_BT: Tensor, mask_BT: Tensor) -> Tensor:
    """GSPO, arXiv:2507.18071, eq. 7: s = (π_θ(o | q) / π_old(o | q))^(1/|o|), the same for all of its tokens."""
    lengths_B1 = mask_BT.sum(-1, keepdim=True).clamp(min=1)
    return (log_ratio_BT.sum(-1, keepdim=True) / lengths_B1).exp().expand_as(log_ratio_BT)


def _of_trajectory(log_ratio_BT: Tensor, _: Tensor) -> Tensor:
    """RLOO's single action, arXiv:2402.14740, §3.1: π_θ(o | q) / π_old(o | q), the same for all of its tokens."""
    return log_ratio_BT.sum(-1, keepdim=True).exp().expand_as(log_ratio_BT)


RATIOS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "token": _of_token,
    "sequence": _of_sequence,
    "trajectory": _of_trajectory,
}
"""From log π_θ − log π_old `[B, T]`, zero where the mask is False, and that mask: ρ as `[B, T]`, with its gradient."""
