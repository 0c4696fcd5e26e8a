"""The KV cache in pages: keys and values of prompts and rows lie in pages of one pool, which a table names.

Memory follows the tokens that there are: a row has pages for those it has drawn, and gives them back when it ends.

Shapes: `P` pages, `R` places, `K` key-value heads, `D` head size.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from whet.rollout.engine.fused_weights import FusedWeights, Layer
from whet.rollout.engine.paged_room import PAGE, PagedRoom
from whet.rollout.engine.rotation import Angles
from whet.rollout.engine.row_table import STORED, RowTable


class PagedCache(ABC):
    """Plays `StepCache` and `PrefillCache`; everything stays where it is, so that steps can be recorded."""

    def __init__(self, weights: FusedWeights, room: PagedRoom, angles: Mapping[str, Angles]) -> None:
        self.weights, self.room, self.angles = weights, room, angles
        shape = (room.pages, weights.kv_heads, PAGE, weights.head_size)
        self.keys, self.values = ([weights.embedding.new_zeros(shape) for _ in weights.layers] for _ in range(2))
        """Of each layer `[P, K, PAGE, D]`."""
        self.host = RowTable(room)
        self.table_RC = self.host.lines.to(weights.embedding.device, copy=True)
        """As `RowTable.lines`."""

    def begin(self, pages_QC: Tensor) -> None:
        """Takes the pages of prompts that begin, as `RowTable.begin` gives them."""
        self.pages_QC = pages_QC

    def put(self, layer: int, first: int, keys: Tensor, values: Tensor) -> None:
        """Stores keys and values `[q, L', K, D]`; padding goes to the end of a prompt's last page, and to scrap."""
        prompts, length = keys.shape[:2]
        token_L = torch.arange(length, device=keys.device)
        pages_QL, offset_L = self.pages_QC[first : first + prompts, token_L // PAGE], token_L % PAGE
        self.keys[layer][pages_QL, :, offset_L] = keys
        self.values[layer][pages_QL, :, offset_L] = values

    @abstractmethod
    def step(self) -> Any:
        """Returns what all layers of a step share."""

    @abstractmethod
    def attend(self, number: int, layer: Layer, query_key: Tensor, value: Tensor, step: Any) -> Tensor:
        """Stores a token of the row at each of the first places, as many as there are values, and attends from it."""

    def advance(self) -> None:
        """Every place has one token more, those without a row too: it lies in scrap."""
        self.table_RC[:, STORED].add_(1)
