"""An engine of which each process of a run has its own: each samples its share of the requests."""

from collections.abc import Iterator, Sequence
from typing import Any

from whet.protocols import Processes, Sampler
from whet.types import Completion, Request, SamplingParams, Token


class SharedSampler:
    """Plays `Sampler`: process r samples the requests r, r + N, …, and all of them have all completions.

    A completion follows from its context and key alone, so it does not matter who samples it.
    """

    def __init__(self, sampler: Sampler, processes: Processes) -> None:
        self.sampler, self.processes = sampler, processes

    def load(self, policy: Any) -> None:
        """As the sampler under it does, in every process."""
        share = self.processes.together if policy.is_sharded else self.processes.gathered
        share(lambda: self.sampler.load(policy))

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """Returns for each request one completion per key, in order. Raises what one of the processes raised."""
        rank, count = self.processes.rank, self.processes.count
        mine = requests[rank::count]
        shares = self.processes.gathered(lambda: self.sampler.generate(mine, params) if mine else [])
        return [shares[place % count][place // count] for place in range(len(requests))]

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        """As the sampler under it does: one response is not shared."""
        return self.sampler.stream(request, params)

    def release(self) -> None:
        """As the sampler under it does."""
        self.sampler.release()

    def describe(self, policy: Any) -> str:
        """As the sampler under it does."""
        return self.sampler.describe(policy)
