"""How far an exported model may differ from the original, by the type of its weights."""

from dataclasses import dataclass

from whet.errors import UserError
from whet.export.difference import Difference


@dataclass(frozen=True, slots=True)
class Bound:
    """The largest difference that an export may have: in nats, in nats, and as a share."""

    logprob: float
    kl: float
    top1: float

    def holds(self, found: Difference) -> bool:
        """Whether a difference is within the bound; one that is no number is not."""
        return found.logprob <= self.logprob and found.kl <= self.kl and found.top1 >= self.top1


EXACT = Bound(0.0, 0.0, 1.0)
"""The same weights, read by the same code."""

ARITHMETIC = Bound(1e-3, 1e-6, 0.99)
"""The same weights up to the rounding of one float32 operation, such as the 1 that GGUF adds to Gemma's norms."""

HALF = Bound(2e-1, 5e-3, 0.98)
"""float16 keeps 11 bits: with float32 weights of SmolLM2-135M log p moves by up to 0.036, KL 6.5e-4 (LOG.md)."""

BRAIN = Bound(0.5, 1e-2, 0.95)
"""bfloat16 keeps 8 bits of a float32 weight."""

EIGHT_BITS = Bound(2.0, 1e-1, 0.90)
"""Blocks of 32 weights with one scale, 8 bits each: SmolLM2-135M moves by 0.43, KL 0.019, top-1 98.9 % (LOG.md)."""


def refuse_past(bound: Bound, found: Difference, what: str, fix: str) -> None:
    """Raises `UserError` where an export called `what` differs more than `bound` allows; `fix` says what to do."""
    if bound.holds(found):
        return
    allowed = f"|Δ log p| {bound.logprob:g}, KL {bound.kl:g}, top-1 {100 * bound.top1:g} %"
    raise UserError(f"--to: {what} is refused, as it differs from the model: {found}; allowed are {allowed}. {fix}")
