"""Two evaluations of the same problems, paired: what was fixed, what broke, and whether it may be chance."""

from dataclasses import asdict, dataclass
from typing import Any

from whet.eval.evaluation import Evaluation
from whet.eval.record import Record
from whet.eval.statistics import PairedDifference, paired_difference

Pair = tuple[Record, Record]
"""The same problem in A and in B."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """B against A, paired by problem."""

    a_name: str
    b_name: str
    pairs: tuple[Pair, ...]
    """The problems that both evaluations asked, in A's order."""
    only_a: int = 0
    """Problems of A left out because B was not asked them."""
    only_b: int = 0
    """Problems of B left out because A was not asked them."""

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
        """What changed in the answers in the format's own place."""
        return paired_difference([a.correct for a, _ in self.pairs], [b.correct for _, b in self.pairs])

    @property
    def lenient(self) -> PairedDifference:
        """What changed in the answers wherever they stand: with the gain in layout taken out."""
        return paired_difference([a.lenient for a, _ in self.pairs], [b.lenient for _, b in self.pairs])

    @property
    def fixed(self) -> list[Pair]:
        """Problems that A has wrong and B has right."""
        return [(a, b) for a, b in self.pairs if b.correct and not a.correct]

    @property
    def broken(self) -> list[Pair]:
        """Problems that A has right and B has wrong."""
        return [(a, b) for a, b in self.pairs if a.correct and not b.correct]

    @property
    def sentence(self) -> str:
        """The result in plain words."""
        found = self.strict
        gain = found.fixed - found.broken
        more = f"{abs(gain)} {'more' if gain > 0 else 'fewer'}" if gain else "as many"
        return (
            f"B answers {more} of {found.n} problems: {points(found.difference)} points, 95 % interval "
            f"[{points(found.low)}, {points(found.high)}], {p_text(found.p_value)}. {_VERDICTS[self.verdict]}"
        )

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or `undecided` where the interval of the difference holds 0."""
        found = self.strict
        return "better" if found.low > 0 else "worse" if found.high < 0 else "undecided"

    def as_dict(self, examples: int = 5) -> dict[str, Any]:
        """Everything, ready for JSON, with at most this many fixed and broken problems."""
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
    """A difference of shares in percentage points.

    >>> points(0.2383)
    '+23.8'
    """
    return f"{100 * share:+.1f}"


def p_text(value: float) -> str:
    """A p-value to one figure.

    >>> p_text(2.6e-12)
    'p = 3e-12'
    """
    return f"p = {value:.1g}" if value > 0 else "p < 1e-300"


def _example(pair: Pair) -> dict[str, str | None]:
    a, b = pair
    return {"id": a.id, "question": a.question, "gold": a.gold, "a": a.answer, "b": b.answer}
