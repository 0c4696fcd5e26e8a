"""A reference whose weights the processes of a run divide among themselves (FSDP2)."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor

from whet.batch import Batch
from whet.compute.shared_out import shared_out, smallest_part
from whet.compute.shared_reference import put_together
from whet.models.divided_rows import shard_like, whole_tensors
from whet.protocols import Processes, StatefulReference


class InParts(StatefulReference, Protocol):
    """A reference that computes micro-batches."""

    tokens: int
    """Of a micro-batch."""


class ShardedReference:
    """Plays `Reference`: each process computes whole groups, and as many micro-batches as every other."""

    def __init__(self, reference: InParts, processes: Processes) -> None:
        self.reference, self.processes = reference, processes

    def logprobs(self, batch: Batch) -> Tensor | None:
        """log π_ref as `[B, T]`. Raises what one of the processes raised."""
        places = shared_out(batch.sizes, self.processes.count)
        mine = batch.select(places[self.processes.rank])
        parts = list(mine.micro_batches(self.reference.tokens)) if len(mine) else []
        passes = max(self.processes.gathered(lambda: len(parts)))
        shares = self.processes.together(lambda: self._computed(mine, batch, parts, passes))
        return put_together(batch, places, shares)

    def _computed(self, mine: Batch, batch: Batch, parts: Sequence[Batch], passes: int) -> Tensor:
        share_BT = mine.mask_BT.new_zeros(mine.mask_BT.shape, dtype=batch.old_logprobs_BT.dtype)
        row = 0
        for part in parts:
            part_BT = self.reference.logprobs(part)
            assert part_BT is not None
            share_BT[row : row + len(part), : part_BT.shape[1]] = part_BT
            row += len(part)
        for _ in range(passes - len(parts)):
            self.reference.logprobs(smallest_part([batch]))
        return share_BT

    def sync(self, step: int) -> None:
        """As the reference under it does, each process for its rows."""
        self.reference.sync(step)

    def state_dict(self) -> Mapping[str, Any]:
        """Returns in process 0 the state of an undivided reference, on the CPU; in the others nothing."""
        held, keep = self.reference.state_dict(), self.processes.rank == 0
        return self.processes.together(lambda: whole_tensors(held, keep))[self.processes.rank]

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes this process's rows of the state of an undivided reference, or of one of other processes."""
        held = self.reference.state_dict()
        self.reference.load_state_dict({name: shard_like(one, held[name]) for name, one in state.items()})
