"""An optimizer whose weights, gradients and moments the processes of a run divide among themselves (FSDP2).

The layers' forward and backward gather weights and sum gradients, so every process takes part in as many of them as the
others: one with fewer micro-batches computes a small one again, with a loss times zero.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from whet.compute.host import on_host
from whet.compute.oom import none_smaller
from whet.compute.optimizer import MasterAdamW, refuse_other_weights
from whet.compute.shared_out import share, smallest_part
from whet.errors import UserError, is_out_of_memory
from whet.models.divided_rows import is_shard, shard_like, whole_tensors
from whet.protocols import Part, Processes, Result


class ShardedOptimizer:
    """Plays `Optimizer` over the weights of a model that `whet.models.sharding.shard` has divided.

    Adapters, which are not divided, are trained as `SharedOptimizer` does.
    """

    def __init__(self, optimizer: MasterAdamW, processes: Processes) -> None:
        self.optimizer, self.processes = optimizer, processes
        self.replicated = [master for master in optimizer.masters if not is_shard(master)]

    def accumulate(self, batches: Sequence[Part], loss: Callable[[Part], tuple[Tensor, Result]]) -> list[Result]:
        """Adds the gradient of Σ `loss` over all batches; returns the results of all processes, tensors on the CPU.

        Raises `UserError` where a micro-batch runs out of memory, which ends the run: the others are amidst it.
        """
        mine = share(batches, self.processes.rank, self.processes.count)
        parts = [part for batch in mine for part in batch.micro_batches(self.optimizer.micro_batch_tokens)]
        passes = max(self.processes.gathered(lambda: len(parts)))
        results = self.processes.together(lambda: self._accumulated(parts, batches, passes, loss))
        if self.replicated:
            self.processes.add_gradients(self.replicated)
        return [one for some in results for one in some]

    def _accumulated(
        self, parts: Sequence[Part], batches: Sequence[Part], passes: int, loss: Callable[[Part], tuple[Tensor, Result]]
    ) -> list[Result]:
        results = []
        try:
            with self.optimizer.inside():
                for part in parts:
                    value, result = loss(part)
                    self.optimizer.backward(value)
                    results.append(on_host(result))
                for _ in range(passes - len(parts)):
                    value, _ = loss(smallest_part(batches))
                    self.optimizer.backward(0.0 * value)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise self._too_large(min(batch.smallest for batch in batches)) from error
        return results

    def _too_large(self, smallest: int) -> UserError:
        tokens, stage = self.optimizer.micro_batch_tokens, self.optimizer.stage
        if tokens <= smallest:
            return none_smaller(tokens, stage)
        where = f"process {self.processes.rank} of {self.processes.count}"
        return UserError(
            f"{stage}.micro_batch_tokens: {where} is out of memory with {tokens} tokens at a time, and weights that "
            "are divided (compute.sharding) cannot be computed with again in smaller parts; halve it in recipe.yaml of "
            "the run and resume"
        )

    def step(self, index: int) -> Mapping[str, float]:
        """As the optimizer under it does, each process for its rows; the norm is that of the whole gradient."""
        return self.processes.named_failure(lambda: self.optimizer.step(index))

    def zero_grad(self) -> None:
        """As the optimizer under it does."""
        self.optimizer.zero_grad()

    def state_dict(self) -> Mapping[str, Any]:
        """Returns in process 0 the state of an undivided optimizer, on the CPU; in the others nothing."""
        held, keep = self.optimizer.state_dict(), self.processes.rank == 0
        return self.processes.together(lambda: whole_tensors(held, keep))[self.processes.rank]

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes this process's rows of the state of an undivided optimizer, or of one of other processes."""
        masters = self.optimizer.masters
        refuse_other_weights(masters, state)
        rows = {name: shard_like(one, masters[int(name.rpartition(".")[2])]) for name, one in state.items()}
        self.optimizer.load_state_dict(rows)
