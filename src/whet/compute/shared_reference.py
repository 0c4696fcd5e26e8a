"""A reference of which each process of a run computes its share of the log-probabilities."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from whet.batch import Batch
from whet.compute.shared_out import shared_out
from whet.protocols import Processes, StatefulReference


def put_together(batch: Batch, places: Sequence[Sequence[int]], shares: Sequence[Tensor | None]) -> Tensor | None:
    """Returns the log-probabilities of shares as `[B, T]`; `places` are the groups of each. None where one has none."""
    whole_BT = torch.zeros(batch.mask_BT.shape)
    for groups, share in zip(places, shares, strict=True):
        if share is None:
            return None
        rows_B = torch.isin(batch.group_B, torch.tensor(groups, dtype=torch.long))
        whole_BT[rows_B, : share.shape[1]] = share
    return whole_BT


class SharedReference:
    """Plays `Reference`: each process computes whole groups, and all of them have all log-probabilities."""

    def __init__(self, reference: StatefulReference, processes: Processes) -> None:
        self.reference, self.processes = reference, processes

    def logprobs(self, batch: Batch) -> Tensor | None:
        """log π_ref as `[B, T]`, or None where no reference is kept. Raises what one of the processes raised."""
        places = shared_out(batch.sizes, self.processes.count)
        mine = batch.select(places[self.processes.rank])
        shares = self.processes.gathered(lambda: self.reference.logprobs(mine))
        return put_together(batch, places, shares)

    def sync(self, step: int) -> None:
        """As the reference under it does: equal weights give equal ones."""
        self.reference.sync(step)

    def state_dict(self) -> Mapping[str, Any]:
        """As the reference under it does: the same in every process."""
        return self.reference.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """As the reference under it does."""
        self.reference.load_state_dict(state)
