"""The bytes that the learner's attention takes: kept for the backward in every layer, and while one layer works."""

from typing import NamedTuple

from whet.models.dimensions import Dimensions
from whet.policy import shared_prefix

AT_ONCE = 3
"""Tensors of a layer's scores that exist together in the backward: weights, their gradient and the scores'."""

CAPPED_AT_ONCE = 4
"""With a soft cap: its slope as well."""


class MicroBatchLengths(NamedTuple):
    """The lengths of a micro-batch, in tokens."""

    prompts: int
    """P."""
    rows: int
    """B: completions, those of a prompt neighbours."""
    prompt: int
    """L: of the longest prompt."""
    response: int
    """T: of the longest completion."""

    @property
    def tokens(self) -> int:
        """The tokens of the packed sequence, were all as long as the longest."""
        return self.prompts * self.prompt + self.rows * self.response

    @property
    def keys(self) -> int:
        """The keys of all sequences, a prompt's once for itself and once for each of its completions."""
        return self.tokens + self.rows * self.prompt


class Needed(NamedTuple):
    """Bytes of attention beyond what every token's queries, keys, values and output take."""

    kept: float
    """In all layers together, until the backward."""
    passing: float
    """While one layer is computed."""


def of_grid(size: Dimensions, element: int, some: MicroBatchLengths) -> Needed:
    """Of the padded grid: scores are written down, and kept where a layer's are few."""
    scores = size.heads * (
        some.rows * some.response * (some.prompt + some.response) + some.prompts * some.prompt * some.prompt
    )
    kept = size.layers * scores * element if scores <= shared_prefix.KEPT else 0
    return Needed(kept, AT_ONCE * scores * element)


def of_capped_grid(size: Dimensions, element: int, some: MicroBatchLengths) -> Needed:
    """Of the padded grid with soft caps: scores are computed again in the backward, whatever they take."""
    return Needed(0, of_grid(size, element, some).passing * CAPPED_AT_ONCE / AT_ONCE)


def of_varlen(size: Dimensions, element: int, some: MicroBatchLengths) -> Needed:
    """Of flash attention: gathered keys and values are kept; their gradients exist once for each query head."""
    both = 2 * size.head_size * element
    return Needed(
        kept=size.layers * size.kv_heads * both * (some.keys - some.tokens),
        passing=(size.heads + size.kv_heads) * both * some.keys,
    )
