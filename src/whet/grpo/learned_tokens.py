"""What the learner found of each token of a step: ρ_t, whether it was clipped, and the entropy of π_θ.

Kept for those who read a run, never for the update. The tensors stay where they were computed until a completion's
values are asked for, so that the host does not wait for a GPU meanwhile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from torch import Tensor

from whet.batch import Batch

APART = 1e-3
"""|ρ_t − 1| up to which a ratio tells nothing: rounding, between a sampler and a learner of one policy."""

DIGITS = 4
"""Decimals that are kept."""


@dataclass(frozen=True, slots=True)
class TokenValues:
    """The values of a micro-batch's tokens, without a graph."""

    log_ratio_BT: Tensor
    """float32 `[B, T]`: log π_θ − log π_old in nats."""
    clipped_BT: Tensor
    """bool `[B, T]`: the tokens that the clip held back."""
    entropy_BT: Tensor | None
    """float32 `[B, T]` in nats; None where it was not computed."""


@dataclass(frozen=True, slots=True)
class LearnedTokens:
    """The values of all tokens of a step that were learned from, as its last pass found them."""

    parts: Sequence[tuple[Batch, TokenValues]]
    """Micro-batches with their values."""

    def columns(self) -> dict[int, dict[str, list[Any]]]:
        """Returns the columns of each completion, by its place in the step, each as long as the completion.

        `ratio` is ρ_t, and is there only where some token's differs from 1 by more than `APART`, with `clipped` where
        some token was; `entropy` is in nats. None stands at tokens that are not in the loss.
        """
        return {place: found for batch, values in self.parts for place, found in _of_rows(batch, values) if found}


def _of_rows(batch: Batch, values: TokenValues) -> Iterator[tuple[int, dict[str, list[Any]]]]:
    """The columns of each row of a micro-batch, by its place."""
    if batch.place_B is None:
        return
    counts_BT = batch.loss_mask_BT
    ratio_BT, clipped_BT = values.log_ratio_BT.cpu().exp(), values.clipped_BT.cpu()
    apart_BT = counts_BT & ((ratio_BT - 1).abs() > APART)
    columns = {"ratio": (ratio_BT, apart_BT.any(-1)), "clipped": (clipped_BT, clipped_BT.any(-1))}
    if values.entropy_BT is not None:
        columns["entropy"] = (values.entropy_BT.cpu(), counts_BT.any(-1))
    for row, (place, length) in enumerate(zip(batch.place_B.tolist(), batch.lengths_B.tolist(), strict=True)):
        counts = counts_BT[row, :length].tolist()
        told = {name: value_BT for name, (value_BT, tells_B) in columns.items() if tells_B[row]}
        yield place, {name: _listed(value_BT[row, :length].tolist(), counts) for name, value_BT in told.items()}


def _listed(values: Sequence[float | bool], counts: Sequence[bool]) -> list[Any]:
    """Rounded, with None where a token is not in the loss or its value is not finite."""
    pairs = zip(values, counts, strict=True)
    return [_rounded(value) if is_in and isfinite(value) else None for value, is_in in pairs]


def _rounded(value: float | bool) -> float | bool:
    return value if isinstance(value, bool) else round(value, DIGITS)
