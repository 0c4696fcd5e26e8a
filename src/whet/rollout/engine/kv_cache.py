"""The role of a KV cache in the fused decoder: it holds keys and values of prompts and rows, and attends to them.

A prompt's entries are shared by all its rows; each row has entries of its own for the tokens it has drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from whet.rollout.engine.fused_weights import FusedWeights, Layer
from whet.rollout.engine.rotation import Angles


@dataclass(frozen=True, slots=True)
class Room:
    """How much a cache holds: `R` = prompts · rows_per_prompt rows."""

    prompts: int
    rows_per_prompt: int
    prompt_tokens: int
    """L: tokens of the longest prompt."""
    own_tokens: int
    """C: tokens of a row's own, to begin with."""

    @property
    def rows(self) -> int:
        """R."""
        return self.prompts * self.rows_per_prompt


class PrefillCache(Protocol):
    """What prefilling writes to."""

    def put(self, layer: int, first: int, keys: Tensor, values: Tensor) -> None:
        """Stores a layer's rotated keys and its values `[q, L', K, D]` of the prompts that begin, of which these are
        numbers `first` … `first` + q − 1."""
        ...


class StepCache(Protocol):
    """What a step reads and writes. Everything a step changes is changed in place, so that a step can be replayed."""

    def step(self) -> Any:
        """Returns what all layers of a step share."""
        ...

    def attend(self, number: int, layer: Layer, query_key: Tensor, value: Tensor, step: Any) -> Tensor:
        """Stores a token of every row and attends from it: query and key `[R, H + K, D]`, not yet rotated, and value
        `[R, K, D]`, to `[R, H · D]`."""
        ...

    def advance(self) -> None:
        """Ends a step: all rows have one token more."""
        ...


class KvCache(StepCache, Protocol):
    """Keys and values of all layers, which grow and shrink with the rows that there are."""

    @property
    def rows(self) -> int:
        """R."""
        ...

    def make_room(self, block: int, longest: int) -> None:
        """Called before each step of rows that have `longest` own tokens at most: makes room for `block` more of them
        where there is none."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Drops all rows but these, int64 indices in ascending order; and prompts that have none."""
        ...


class PromptCache(KvCache, PrefillCache, Protocol):
    """A cache of rows that begin together, with their prompts."""

    def __init__(self, weights: FusedWeights, room: Room, angles: Mapping[str, Angles]) -> None:
        """Makes room for prompts and rows. `angles`: by kind of attention, for all positions there will be."""
        ...

    def begin(self, lengths_Q: Tensor) -> None:
        """Forgets everything and takes the lengths of the next prompts."""
        ...


def all_angles(weights: FusedWeights, positions: int) -> dict[str, Angles]:
    """Returns the angles of positions 0 … `positions` − 1 by kind of attention."""
    device: torch.device = weights.embedding.device
    return {name: Angles.of(kind.rotary, positions, device) for name, kind in weights.kinds.items()}
