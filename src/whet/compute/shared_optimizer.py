"""An optimizer whose gradient the processes of a run compute together: data parallelism with replicated weights.

Not `DistributedDataParallel`: it averages, where a loss that is divided by the counts of the whole batch must be
summed; it hooks the forward of a module, which the packed forward goes around; and it sums after every backward, where
a step of many micro-batches needs one sum at its end. So a process with fewer micro-batches needs no empty ones.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from whet.compute.host import on_host
from whet.compute.optimizer import MasterAdamW
from whet.compute.shared_out import share
from whet.protocols import Part, Processes, Result


class SharedOptimizer:
    """Plays `Optimizer`: each process accumulates the gradient of its share, then they are summed."""

    def __init__(self, optimizer: MasterAdamW, processes: Processes) -> None:
        self.optimizer, self.processes = optimizer, processes

    def accumulate(self, batches: Sequence[Part], loss: Callable[[Part], tuple[Tensor, Result]]) -> list[Result]:
        """Adds the gradient of Σ `loss` over all batches; returns the results of all processes, tensors on the CPU.

        Raises what one of them raised, and `UserError` where the smallest micro-batch runs out of memory.
        """
        mine = share(batches, self.processes.rank, self.processes.count)
        results = self.processes.gathered(lambda: [on_host(one) for one in self.optimizer.accumulate(mine, loss)])
        self.processes.add_gradients(self.optimizer.masters)
        return [one for some in results for one in some]

    def step(self, index: int) -> Mapping[str, float]:
        """As the optimizer under it does: equal gradients give equal weights."""
        return self.optimizer.step(index)

    def zero_grad(self) -> None:
        """As the optimizer under it does."""
        self.optimizer.zero_grad()

    def state_dict(self) -> Mapping[str, Any]:
        """As the optimizer under it does: the same in every process."""
        return self.optimizer.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """As the optimizer under it does."""
        self.optimizer.load_state_dict(state)
