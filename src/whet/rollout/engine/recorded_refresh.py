"""Copies the weights of the day over fused ones as one recorded graph.

Hundreds of copies of small matrices take the host longer to start than the GPU to do. They are the same at every step
of a training, at the same addresses.
"""

from functools import partial
from typing import Any

from whet.models.sharding import is_sharded
from whet.models.weights import base_model
from whet.rollout.engine.cuda_graph import Record, Work
from whet.rollout.engine.fuse import refresh
from whet.rollout.engine.fused_weights import FusedWeights


class RecordedRefresh:
    """`refresh` of some fused weights, recorded at the first call."""

    def __init__(self, weights: FusedWeights, record: Record) -> None:
        self.weights, self.record = weights, record
        self.replay: Work | None = None
        self.addresses: tuple[int, ...] = ()
        """Of the model's weights that the replay reads."""
        self.is_recorded = True
        """False where recording has failed: what a family's weights are made of may need the host."""

    def __call__(self, model: Any) -> None:
        """Copies the weights of the model that was fused, which must be alive."""
        addresses = tuple(weight.data_ptr() for weight in base_model(model).parameters())
        if self.replay is not None and addresses == self.addresses:
            self.replay()
        elif self.replay is None and self.is_recorded and not is_sharded(model):
            self._record(model, addresses)
        else:  # weights that are gathered from other processes, or lie elsewhere than those of the graph
            refresh(self.weights, model)

    def _record(self, model: Any, addresses: tuple[int, ...]) -> None:
        try:
            self.replay = self.record(partial(refresh, self.weights, model))  # which does it once on the way
        except RuntimeError:
            self.is_recorded = False
            refresh(self.weights, model)
        self.addresses = addresses

    def forget(self) -> None:
        """Drops the graph: all of a stream must be dropped together. The next call records anew."""
        self.replay = None
