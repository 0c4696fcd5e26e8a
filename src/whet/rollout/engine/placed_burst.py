"""A burst whose rows have places: where a row lies does not follow from the order in which rows began."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from whet.rollout.burst import STATE, Burst
from whet.rollout.engine.operations import Operations
from whet.rollout.engine.row_table import RowTable


class PlacedBurst(Burst):
    """Plays `Burst` for the rows of a table, which the engine keeps; places without a row draw along."""

    def __init__(self, table: RowTable, size: int, device: torch.device, operations: Operations) -> None:
        super().__init__(table.room.rows, size, device, operations)
        self.table = table

    def join(self, other: Burst) -> None:
        """Takes the rows of another burst to their places: those that the table got last."""
        self.params, self.end_tokens = other.params, other.end_tokens
        self.ends.setdefault(other.end_tokens, other.ends[other.end_tokens])
        places = self._sent(self.table.places[-len(other.keys_R) :])
        for name in STATE:
            getattr(self, name)[places] = getattr(other, name)

    def keep(self, rows: Sequence[int]) -> None:
        """The table has dropped them."""

    def move(self, before: list[int], after: list[int]) -> None:
        """Takes rows from some places to others."""
        if before:
            there, here = self._sent(before), self._sent(after)
            for name in STATE:
                getattr(self, name)[here] = getattr(self, name)[there]

    def fetched(self, count: int) -> Callable[[], Sequence[Tensor]]:
        """Begins to bring back the tokens of all places; gives those of the rows, in their order."""
        places, found = self.table.places, super().fetched(count)
        return lambda: [column[:, places] for column in found()]

    def _sent(self, places: list[int]) -> Tensor:
        return self.operations.send(torch.tensor(places), self.keys_R.device)
