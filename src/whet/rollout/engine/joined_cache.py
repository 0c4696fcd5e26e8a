"""The KV cache of rows that began at different times: a cache for each time, so that none has room for the longest row.

Products over whole blocks need rows of equal length. Those that began together have it, so they keep a cache of their
own, which gives its memory back as they end; linear layers and norms run over all rows at once.
"""

from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor

from whet.rollout.engine.fused_weights import Layer
from whet.rollout.engine.kv_cache import KvCache


class JoinedCache:
    """Plays `KvCache` with several caches, whose rows follow one another."""

    def __init__(self, caches: Sequence[KvCache]) -> None:
        self.caches = list(caches)

    @classmethod
    def of(cls, old: KvCache, new: KvCache) -> Self:
        """Returns a cache of the rows of `old`, and after them those of `new`."""
        return cls([*(old.caches if isinstance(old, JoinedCache) else [old]), new])

    @property
    def rows(self) -> int:
        """R."""
        return sum(self.counts)

    @property
    def counts(self) -> list[int]:
        """The rows of each cache."""
        return [cache.rows for cache in self.caches]

    def step(self) -> list[Any]:
        """What each cache returns."""
        return [cache.step() for cache in self.caches]

    def attend(self, number: int, layer: Layer, query_key: Tensor, value: Tensor, step: list[Any]) -> Tensor:
        """Attends from each row in the cache that it is in."""
        parts = (query_key.split(self.counts), value.split(self.counts), step, self.caches)
        seen = [cache.attend(number, layer, *some) for *some, cache in zip(*parts, strict=True)]
        return torch.cat(seen)

    def advance(self) -> None:
        """Ends a step of all rows."""
        for cache in self.caches:
            cache.advance()

    def make_room(self, block: int, longest: int) -> None:
        """Makes room where a cache is full."""
        for cache in self.caches:
            cache.make_room(block, longest)

    def keep(self, rows: Tensor) -> None:
        """Drops all rows but these; a cache without rows is freed."""
        first, left = 0, []
        for cache, count in zip(self.caches, self.counts, strict=True):
            mine = rows[(rows >= first) & (rows < first + count)] - first
            first += count
            if len(mine):
                left.append(cache)
                if len(mine) < count:
                    cache.keep(mine)
        self.caches = left
