"""Several caches as one: each row attends in its own, and a cache without rows is gone."""

from typing import Any

import torch
from torch import Tensor

from whet.rollout.engine.joined_cache import JoinedCache


class Named:
    """A cache whose rows see their names; it writes down what it was asked."""

    def __init__(self, *names: int) -> None:
        self.names = torch.tensor(names)
        self.asked: list[Any] = []

    @property
    def rows(self) -> int:
        return len(self.names)

    def step(self) -> str:
        return f"{self.names.tolist()}"

    def attend(self, number: int, layer: Any, query_key: Tensor, value: Tensor, step: str) -> Tensor:
        self.asked.append((number, query_key[:, 0].tolist(), value[:, 0].tolist(), step))
        return self.names[:, None]

    def advance(self) -> None:
        self.asked.append("advance")

    def make_room(self, block: int, longest: int) -> None:
        self.asked.append((block, longest))

    def keep(self, rows: Tensor) -> None:
        self.names = self.names[rows]


def test_each_row_attends_in_the_cache_that_it_is_in() -> None:
    first, second = Named(3, 5), Named(8)
    layer: Any = None
    both = JoinedCache.of(first, second)
    x = torch.tensor([[30], [50], [80]])
    assert both.attend(4, layer, x, x + 1, both.step()).flatten().tolist() == [3, 5, 8]
    both.make_room(32, 100)
    both.advance()
    assert first.asked == [(4, [30, 50], [31, 51], "[3, 5]"), (32, 100), "advance"]
    assert second.asked == [(4, [80], [81], "[8]"), (32, 100), "advance"]


def test_rows_are_dropped_where_they_are() -> None:
    one, two, three = Named(3, 5), Named(8), Named(9, 11, 12)
    whole = JoinedCache.of(JoinedCache.of(one, two), three)
    assert (whole.rows, whole.caches) == (6, [one, two, three])
    whole.keep(torch.tensor([1, 3, 5]))
    assert (whole.rows, whole.caches) == (3, [one, three])
    assert (one.names.tolist(), three.names.tolist()) == ([5], [9, 12])
