"""Samples with the workers of a Ray cluster: one object of weights for each version, requests shared out among workers.

A completion follows from its context and key, so it does not matter who draws it, nor how often: what a lost worker had
is drawn again and is the same. `Drawing` has a place for each share, so none is missing and none comes twice.
"""

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from whet.rollout.policy_state import PolicyState
from whet.rollout.ray_drawing import Drawing, Workers
from whet.types import Completion, Request, SamplingParams, Token


class Cluster(Workers, Protocol):
    """What is asked of a cluster."""

    def put(self, state: PolicyState) -> Any:
        """Stores an object once for all workers, and returns a handle of it. Raises `ProcessLost` where it cannot."""
        ...

    def close(self) -> None:
        """Ends the workers, and the cluster where it was started for them; may be called twice."""
        ...


class RaySampler:
    """Plays `Sampler` with workers elsewhere."""

    def __init__(self, join: Callable[[Any], Cluster], late: float) -> None:
        """`join` begins the workers for a policy, and is called once, at the first `load`.

        A worker that takes longer than `late` seconds for a share is ended and begun anew.
        """
        self._join, self._late = join, late
        self._cluster: Cluster | None = None
        self._state: Any = None
        self._version = 0
        self._gone: Sequence[Any] = ()
        self.lost = 0
        """Workers that ended while they sampled, so far."""

    def describe(self, policy: Any) -> str:
        """Returns how many workers sample, and with which decoder."""
        from whet.rollout.native import NativeSampler

        count = len(self._joined(policy).workers)
        return f"{NativeSampler().describe(policy)} in {count} Ray worker{'' if count == 1 else 's'}"

    def load(self, policy: Any) -> None:
        """π_old ← π_θ: stores one object of all weights, which each worker reads with its next share."""
        state = self._joined(policy).put(PolicyState.of(policy))
        self._state, self._version = state, self._version + 1

    def release(self) -> None:
        """Samples nothing until the next `load`. The workers, each in a process of its own, keep what they have."""
        self._state = None

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """Returns for each request one completion per key, in order.

        Raises what a worker raised, and `ProcessLost` where none of them, or the head of the cluster, is left.
        """
        if self._state is None or self._cluster is None:
            raise RuntimeError("a sampler samples between load and release only")
        size = max(-(-len(requests) // len(self._cluster.workers)), 1)  # a decoder's pass costs the same for more rows
        shares = [requests[start : start + size] for start in range(0, len(requests), size)]
        calls = [("sample", self._version, self._state, share, params) for share in shares]
        drawing = Drawing(self._cluster, calls, self._late, self._gone)
        try:
            return [completions for found in drawing.answers() for completions in found]
        finally:
            self._gone, self.lost = drawing.gone, self.lost + drawing.lost

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        """Yields the one completion of a request with one key, once it is whole."""
        ((one,),) = self.generate([request], params)
        for place, (token, logprob) in enumerate(zip(one.tokens, one.logprobs, strict=True), 1):
            yield Token(token, logprob, one.finish if place == len(one.tokens) else None)

    def _joined(self, policy: Any) -> Cluster:
        if self._cluster is None:
            self._cluster = self._join(policy)
            weakref.finalize(self, self._cluster.close)  # at the latest when the program ends
        return self._cluster
