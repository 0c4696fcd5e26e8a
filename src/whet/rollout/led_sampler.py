"""An engine that one process of a run has for all of them: its workers are elsewhere, and need one who asks."""

from collections.abc import Iterator, Sequence
from typing import Any

from whet.protocols import Processes, Sampler
from whet.types import Completion, Request, SamplingParams, Token


class LedSampler:
    """Plays `Sampler`: process 0 has the requests sampled, and all processes have all completions."""

    def __init__(self, sampler: Sampler, processes: Processes) -> None:
        self.sampler, self.processes = sampler, processes

    def load(self, policy: Any) -> None:
        """As the sampler under it does, in process 0, whose weights are those of all."""
        self.processes.first(lambda: self.sampler.load(policy))

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """Returns for each request one completion per key, in order. Raises in all processes what process 0 raised."""
        return self.processes.first(lambda: self.sampler.generate(requests, params))

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        """Yields the one completion of a request with one key, once it is whole."""
        yield from self.processes.first(lambda: list(self.sampler.stream(request, params)))

    def release(self) -> None:
        """As the sampler under it does."""
        self.sampler.release()

    def describe(self, policy: Any) -> str:
        """As the sampler under it does."""
        return self.processes.first(lambda: self.sampler.describe(policy))
