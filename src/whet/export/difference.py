"""Compares two models on the same tokens: log-probabilities, KL divergence, and the most likely token."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from whet.export.held_out import Answered

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two models are apart on the response tokens of some prompts."""

    logprob: float
    """max |Δ log p| of the response tokens, in nats."""
    kl: float
    """max KL(original ‖ export) over the response tokens, in nats."""
    top1: float
    """The share of response tokens before which both models find the same token most likely."""
    tokens: int
    """Number of response tokens compared."""

    def __str__(self) -> str:
        return f"max |Δ log p| {self.logprob:.2g}, max KL {self.kl:.2g}, top-1 {100 * self.top1:.1f} %"

    def as_dict(self) -> dict[str, Any]:
        """The figures by name, for JSON."""
        return asdict(self)


def distributions(model: Any, answers: Sequence[Answered]) -> "list[Tensor]":
    """Returns log p of every token of the vocabulary before each response token: one float32 `[T, V]` per response."""
    import torch

    found = []
    for answer in answers:
        tokens = torch.tensor([[*answer.prompt, *answer.response]])
        with torch.no_grad():
            logits_TV = model(input_ids=tokens).logits[0, len(answer.prompt) - 1 : -1]
        found.append(torch.log_softmax(logits_TV.float(), -1))
    return found


def difference(original: "Sequence[Tensor]", export: "Sequence[Tensor]", answers: Sequence[Answered]) -> Difference:
    """Compares the distributions of two models over the same responses."""
    rows = [row for pair in zip(original, export, answers, strict=True) for row in _rows(*pair)]
    logprobs, kls, same = zip(*rows, strict=True)
    return Difference(_largest(logprobs), max(_largest(kls), 0.0), sum(same) / len(same), len(rows))


def _rows(original_TV: "Tensor", export_TV: "Tensor", answer: Answered) -> Iterator[tuple[float, float, bool]]:
    """Yields |Δ log p|, KL in float64 and agreement for each response token."""
    import torch

    chosen_T1 = torch.tensor(answer.response)[:, None]
    apart_T = (original_TV.gather(-1, chosen_T1) - export_TV.gather(-1, chosen_T1))[:, 0].abs()
    p_TV, q_TV = original_TV.double(), export_TV.double()
    kl_T = (p_TV.exp() * (p_TV - q_TV)).sum(-1)
    same_T = original_TV.argmax(-1) == export_TV.argmax(-1)
    yield from zip(apart_T.tolist(), kl_T.tolist(), same_T.tolist(), strict=True)


def _largest(values: Sequence[float]) -> float:
    """The maximum; NaN where any value is NaN, which `max` may drop."""
    return next((value for value in values if value != value), max(values))
