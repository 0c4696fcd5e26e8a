"""How fast a machine does a recipe's work: shares of its limit, and seconds per piece of what has no limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from whet.compute.limit import Lengths, Limit

MOST_ROWS = 128
"""Completions that the sampler decodes together."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What `estimate` multiplies with. Shares are least seconds over measured seconds, at most 1."""

    limit: Limit
    grouped: float
    """The share of the limit that sampling several completions of each prompt reaches."""
    single: float
    """The same, of one completion of each prompt."""
    learn: float
    """The share that the learner reaches, forward and backward."""
    imitate: float
    """The share that the warm start reaches."""
    copy_seconds: float
    """To give the weights to the sampler."""
    optimizer_seconds: float
    """For a step of the optimizer."""
    grade_seconds: float
    """To grade one completion by the recipe's rewards."""
    gold_seconds: float
    """To grade one gold solution."""
    load_seconds: float
    """To load model and data."""
    bytes_per_second: float
    """To write, hash and sync a file."""

    def sample(self, prompts: Sequence[int], n: int, lengths: Sequence[int]) -> float:
        """Returns the seconds to sample `n` completions of each prompt, as long as `lengths` in turn, in tokens."""
        each, responses = max(MOST_ROWS // n, 1), cycle(lengths)
        seconds = 0.0
        for start in range(0, len(prompts), each):
            groups = [Lengths(prompt, tuple(islice(responses, n))) for prompt in prompts[start : start + each]]
            seconds += self.limit.prefill(groups) + self.limit.decode(groups)
        return seconds / (self.grouped if n > 1 else self.single)

    def update(self, prompts: Sequence[int], n: int, lengths: Sequence[int], iterations: int = 1) -> float:
        """Returns the seconds to learn from `n` completions of each prompt, `iterations` times."""
        responses = cycle(lengths)
        groups = [Lengths(prompt, tuple(islice(responses, n))) for prompt in prompts]
        return iterations * (self.limit.learn(groups) / self.learn + self.optimizer_seconds)

    def reference(self, prompts: Sequence[int], n: int, lengths: Sequence[int]) -> float:
        """Returns the seconds of the reference's forward pass over the same completions."""
        responses = cycle(lengths)
        groups = [Lengths(prompt, tuple(islice(responses, n))) for prompt in prompts]
        return self.limit.reference(groups) / self.learn

    def imitation(self, examples: Sequence[tuple[int, int]]) -> float:
        """Returns the seconds of a warm start's step on (prompt, solution) lengths in tokens."""
        groups = [Lengths(prompt, (solution,)) for prompt, solution in examples]
        return self.limit.learn(groups) / self.imitate + self.optimizer_seconds
