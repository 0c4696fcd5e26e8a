"""Which engine samples from a model: the fastest there is for it, and a way down where that one fails.

An option is another way to compute the same tokens, so what failed on one is asked again on the next.
"""

import logging
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from whet.models.weights import base_model
from whet.rollout.burst import Engine
from whet.rollout.engine.cuda_graph import CudaGraphs
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.fused_weights import FusedWeights
from whet.rollout.engine.graphed_decoder import GraphedDecoder
from whet.rollout.engine.operations import BY_DEVICE, TORCH_ON_GPU, triton_operations
from whet.rollout.engine.transformers_engine import TransformersEngine
from whet.text import first_line

Decoding = Literal["auto", "eager", "transformers"]
"""The fastest engine that works; the fused decoder, operation by operation; the model's own forward."""


@dataclass(frozen=True, slots=True)
class EngineOption:
    """A way to sample with fused weights."""

    what: str
    """In words that follow "sampling goes on with"."""
    make: Callable[[FusedWeights], Engine]


def _with_kernels(weights: FusedWeights) -> Engine:
    return GraphedDecoder(weights, triton_operations(), CudaGraphs())


def _recorded(weights: FusedWeights) -> Engine:
    return GraphedDecoder(weights, TORCH_ON_GPU, CudaGraphs())


def _eager(weights: FusedWeights) -> Engine:
    return Decoder(weights, BY_DEVICE[weights.embedding.device.type])


EAGER = EngineOption("PyTorch's operations one by one", _eager)

ENGINE_OPTIONS: Mapping[str, tuple[EngineOption, ...]] = {
    "cpu": (EAGER,),
    "cuda": (
        EngineOption("Triton's kernels in CUDA graphs", _with_kernels),
        EngineOption("CUDA graphs", _recorded),
        EAGER,
    ),
}
"""By device type, the fastest first."""


class EngineChoice:
    """Makes engines, and remembers which options have failed."""

    def __init__(
        self, decoding: Decoding = "auto", options: Mapping[str, tuple[EngineOption, ...]] = ENGINE_OPTIONS
    ) -> None:
        self.decoding, self.options = decoding, options
        self.failed = 0
        """Options from the first on that failed."""
        self.idle: GraphedDecoder | None = None
        self.model: Callable[[], Any] = lambda: None
        """The model that the idle engine was made of, while it exists."""

    def engine(self, policy: Any) -> Engine:
        """Returns an engine with the weights of a policy: the idle one where it is the same model's."""
        if self.decoding == "transformers" or not policy.fused:
            return TransformersEngine(policy.model)
        base, idle = base_model(policy.model), self.idle
        self.idle = None
        if idle is not None and self.model() is base:
            idle.refresh(policy.model)
            return idle
        del idle  # its memory is free before the next copy is made
        self.model = weakref.ref(base)
        return self._made(fuse(policy.model))

    def put_back(self, engine: Engine | None, free: int) -> None:
        """Takes an engine that is idle for now; keeps it only where its memory is a small part of what is free."""
        if isinstance(engine, GraphedDecoder) and engine.bytes <= KEPT_SHARE * free:
            self.idle = engine

    def next_slower(self, engine: Engine | None, error: Exception) -> Engine | None:
        """Returns an engine of the next option with the same weights, and says so; None from the last one."""
        if not isinstance(engine, Decoder) or self._is_last(engine.weights):
            return None
        self._fall_back(engine.weights, error)
        return self._made(engine.weights)

    def _made(self, weights: FusedWeights) -> Engine:
        while True:
            try:
                return self._options(weights)[0].make(weights)
            except (ImportError, RuntimeError) as error:  # no Triton, or one that does not fit this torch
                if self._is_last(weights):
                    raise
                self._fall_back(weights, error)

    def _fall_back(self, weights: FusedWeights, error: Exception) -> None:
        self.failed += 1
        what = self._options(weights)[0].what
        logging.getLogger("whet").warning("sampling goes on with %s, slower: %s (%s)", what, first_line(error), HOW)

    def _options(self, weights: FusedWeights) -> tuple[EngineOption, ...]:
        found = self.options[weights.embedding.device.type]
        return found[-1:] if self.decoding == "eager" else found[self.failed :]

    def _is_last(self, weights: FusedWeights) -> bool:
        return len(self._options(weights)) == 1


KEPT_SHARE = 0.25
"""An idle engine may hold this part of the memory that is free beside it while the learner works."""

HOW = "rollout.decoding: eager starts there; please report it"
