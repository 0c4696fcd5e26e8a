"""A sampling worker of a Ray cluster: takes a policy's weights as plain values and samples with the native engine.

Nothing here imports Ray: a worker is an object with a few methods, wherever it lives.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from whet.cluster.ray_name import WorkerName, own_name
from whet.rollout.engine_choice import Decoding
from whet.rollout.native import FreeBytes, NativeSampler
from whet.rollout.policy_state import PolicyState
from whet.types import Completion, Request, SamplingParams


@dataclass(frozen=True, slots=True)
class HeldPolicy:
    """What the native sampler asks of a policy."""

    model: Any
    ends: frozenset[int]
    fused: bool

    def end_tokens(self) -> frozenset[int]:
        """Returns the ids of the tokens that end a response."""
        return self.ends


class SamplingWorker:
    """Samples with the native engine; takes weights where they are another version than its own."""

    def __init__(self, threads: int, on_gpu: bool, make: Callable[[], NativeSampler] = NativeSampler) -> None:
        torch.set_num_threads(threads)
        self.device = torch.device("cuda" if on_gpu else "cpu")
        self.sampler = make()
        self.version = 0
        self.policy: HeldPolicy | None = None

    def about(self) -> WorkerName:
        """Returns where the worker lives."""
        return own_name()

    def sample(
        self, version: int, state: PolicyState, requests: Sequence[Request], params: SamplingParams
    ) -> list[list[Completion]]:
        """Returns for each request one completion per key, in order, drawn with the weights of `version`, from 1."""
        if version != self.version:
            self._take(state)
            self.version = version
        return self.sampler.generate(requests, params)

    def _take(self, state: PolicyState) -> None:
        model = self.policy.model if self.policy else state.model().to(self.device)
        state.fill(model)
        self.policy = HeldPolicy(model, state.end_tokens, state.fused)
        self.sampler.load(self.policy)


def native_with(decoding: Decoding, free_bytes: FreeBytes, sharers: int) -> NativeSampler:
    """Returns the engine of a worker, which has its share of the memory where `sharers` are on one CPU."""

    def share(device: torch.device) -> int:
        return free_bytes(device) // (sharers if device.type == "cpu" else 1)

    return NativeSampler(decoding=decoding, free_bytes=share)
