"""Paired comparison of two evaluations of the same problems, with a significance test."""

from dataclasses import asdict, dataclass
from typing import Any

from whet.eval.evaluation import Evaluation
from whet.eval.record import Record
from whet.eval.statistics import PairedDifference, paired_difference

Pair = tuple[Record, Record]
"""The same problem in A and in B."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of evaluation B with A, paired by problem."""

    a_name: str
    b_name: str
    pairs: tuple[Pair, ...]
    """The problems in both evaluations, in A's order."""
    only_a: int = 0
    """The number of problems left out because only A has them."""
    only_b: int = 0
    """The number of problems left out because only B has them."""

    @property
    def a(self) -> Evaluation:
        """A's records of the shared problems."""
        return Evaluation(tuple(a for a, _ in self.pairs))

    @property
    def b(self) -> Evaluation:
        """B's records of the shared problems."""
        return Evaluation(tuple(b for _, b in self.pairs))

    @property
    def strict(self) -> PairedDifference:
        """The difference in strict accuracy: answers where the format expects them."""
        return paired_difference([a.correct for a, _ in self.pairs], [b.correct for _, b in self.pairs])

    @property
    def lenient(self) -> PairedDifference:
        """The difference in lenient accuracy, answers anywhere, which excludes gains in layout."""
        return paired_difference([a.lenient for a, _ in self.pairs], [b.lenient for _, b in self.pairs])

    @property
    def fixed(self) -> list[Pair]:
        """Problems that only B answers correctly."""
        return [(a, b) for a, b in self.pairs if b.correct and not a.correct]

    @property
    def broken(self) -> list[Pair]:
        """Problems that only A answers correctly."""
        return [(a, b) for a, b in self.pairs if a.correct and not b.correct]

    @property
    def sentence(self) -> str:
        """The result as a sentence."""
        found = self.strict
        gain = found.fixed - found.broken
        more = f"{abs(gain)} {'more' if gain > 0 else 'fewer'}" if gain else "as many"
        return (
            f"B answers {more} of {found.n} problems: {points(found.difference)} points, 95 % interval "
            f"[{points(found.low)}, {points(found.high)}], {p_text(found.p_value)}. {_VERDICTS[self.verdict]}"
        )

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or `undecided` where the interval of the difference contains 0."""
        found = self.strict
        return "better" if found.low > 0 else "worse" if found.high < 0 else "undecided"

    def as_dict(self, examples: int = 5) -> dict[str, Any]:
        """The comparison as a JSON-serialisable dict, with at most `examples` fixed and broken problems each."""
        return {
            "a": {"name": self.a_name, **self.a.summary()},
            "b": {"name": self.b_name, **self.b.summary()},
            "problems": len(self.pairs),
            "only_a": self.only_a,
            "only_b": self.only_b,
            "strict": asdict(self.strict),
            "lenient": asdict(self.lenient),
            "verdict": self.verdict,
            "sentence": self.sentence,
            "fixed": [_example(pair) for pair in self.fixed[:examples]],
            "broken": [_example(pair) for pair in self.broken[:examples]],
        }


_VERDICTS = {
    "better": "B is better.",
    "worse": "B is worse.",
    "undecided": "That may be chance: the interval holds 0.",
}


def points(share: float) -> str:
    """Formats a difference of shares in percentage points.

    >>> points(0.2383)
    '+23.8'
    """
    return f"{100 * share:+.1f}"


def p_text(value: float) -> str:
    """Formats a p-value to one significant digit.

    >>> p_text(2.6e-12)
    'p = 3e-12'
    """
    return f"p = {value:.1g}" if value > 0 else "p < 1e-300"


def _example(pair: Pair) -> dict[str, str | None]:
    a, b = pair
    return {"id": a.id, "question": a.question, "gold": a.gold, "a": a.answer, "b": b.answer}
