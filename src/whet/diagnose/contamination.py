"""The report on contamination: held-out questions that are near-duplicates of training questions."""

from dataclasses import asdict, dataclass
from typing import Any

from whet.text import one_line

SHOWN = 60
"""The most characters of a question in a line of the report."""


@dataclass(frozen=True, slots=True)
class NearPair:
    """A held-out question and the training question most similar to it."""

    similarity: float
    """Jaccard similarity of their word n-grams, in [0, 1]."""
    test: str
    train: str


@dataclass(frozen=True, slots=True)
class OverlapReport:
    """How many held-out questions are near-duplicates of training questions."""

    compared: int
    """The number of held-out questions."""
    near: int
    """Those with a training question at least as similar as `threshold`."""
    threshold: float
    worst: NearPair | None
    """The most similar pair; None where no pair shares an n-gram."""

    def as_dict(self) -> dict[str, Any]:
        """The fields as a JSON-serialisable dict."""
        return asdict(self)

    def row(self) -> tuple[str, str, str]:
        """A line of the report: what was measured, the figure, and the verdict."""
        figure = f"{self.near} of {self.compared} held-out questions"
        return "near-duplicates", figure, self._verdict()

    def _verdict(self) -> str:
        if self.worst is None:
            return "no two questions read alike"
        pair = f"{one_line(self.worst.test, SHOWN)!r} ~ {one_line(self.worst.train, SHOWN)!r}"
        return f"closest, {self.worst.similarity:.0%} alike: {pair}"
