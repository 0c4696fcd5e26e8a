"""Wrappers of the loop's roles that change tensors in place: they wait until a checkpoint no longer reads these."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from whet.protocols import Optimizer, Reference

if TYPE_CHECKING:
    from torch import Tensor

    from whet.batch import Batch

Wait = Callable[[], object]
"""Returns when nobody reads the training's tensors."""


class WaitingOptimizer:
    """Plays `Optimizer`: weights and moments change when the checkpoint under way has its copy of them."""

    def __init__(self, optimizer: Optimizer, wait: Wait) -> None:
        self.optimizer, self.wait = optimizer, wait
        self.accumulate = optimizer.accumulate
        """As the optimizer under it does, itself: gradients are in no checkpoint."""

    def step(self, index: int) -> Mapping[str, float]:
        """As the optimizer under it does, once it may."""
        self.wait()
        return self.optimizer.step(index)

    def zero_grad(self) -> None:
        """As the optimizer under it does."""
        self.optimizer.zero_grad()

    def state_dict(self) -> Mapping[str, Any]:
        """As the optimizer under it does."""
        return self.optimizer.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """As the optimizer under it does."""
        self.optimizer.load_state_dict(state)


class WaitingReference:
    """Plays `Reference`: a reference that follows the policy changes in place, once it may."""

    def __init__(self, reference: Reference, wait: Wait) -> None:
        self.reference, self.wait = reference, wait

    def logprobs(self, batch: "Batch") -> "Tensor | None":
        """As the reference under it does."""
        return self.reference.logprobs(batch)

    def sync(self, step: int) -> None:
        """As the reference under it does, once it may."""
        self.wait()
        self.reference.sync(step)
