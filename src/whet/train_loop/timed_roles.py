"""Wrappers of the loop's roles that time their calls by phase."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from whet.protocols import Reference, Sampler
from whet.train_loop.clock import Clock
from whet.types import Completion, Request, SamplingParams, Token

if TYPE_CHECKING:
    from torch import Tensor

    from whet.batch import Batch


class TimedSampler:
    """Plays `Sampler`: every call counts as `rollout`."""

    def __init__(self, sampler: Sampler, clock: Clock) -> None:
        self.sampler, self.clock = sampler, clock

    def load(self, policy: Any) -> None:
        """As the sampler under it does."""
        with self.clock.timing("rollout"):
            self.sampler.load(policy)

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """As the sampler under it does."""
        with self.clock.timing("rollout"):
            return self.sampler.generate(requests, params)

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        """As the sampler under it does; not timed, as its pace is the reader's."""
        return self.sampler.stream(request, params)

    def release(self) -> None:
        """As the sampler under it does."""
        with self.clock.timing("rollout"):
            self.sampler.release()

    def describe(self, policy: Any) -> str:
        """As the sampler under it does."""
        return self.sampler.describe(policy)


class TimedReference:
    """Plays `Reference`: every call counts as `reference`."""

    def __init__(self, reference: Reference, clock: Clock) -> None:
        self.reference, self.clock = reference, clock

    def logprobs(self, batch: "Batch") -> "Tensor | None":
        """As the reference under it does."""
        with self.clock.timing("reference"):
            return self.reference.logprobs(batch)

    def sync(self, step: int) -> None:
        """As the reference under it does."""
        with self.clock.timing("reference"):
            self.reference.sync(step)
