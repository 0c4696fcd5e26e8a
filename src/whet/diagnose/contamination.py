"""Contamination: held-out questions that are near-duplicates of training questions."""

from dataclasses import asdict, dataclass
from typing import Any

from whet.text import one_line

SHOWN = 60
"""Characters of a question that a line shows."""


@dataclass(frozen=True, slots=True)
class NearPair:
    """A held-out question and the training question that is most like it."""

    similarity: float
    """Jaccard's, in [0, 1]: the share of all their runs of words that both have."""
    test: str
    train: str


@dataclass(frozen=True, slots=True)
class OverlapReport:
    """How many held-out questions are near-duplicates of training questions."""

    compared: int
    """Held-out questions looked at."""
    near: int
    """Those with a training question at least as similar as `threshold`."""
    threshold: float
    worst: NearPair | None
    """The most similar pair; None where no two questions have anything in common, or none was long enough."""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)

    def row(self) -> tuple[str, str, str]:
        """What was measured, the figure, and the verdict."""
        figure = f"{self.near} of {self.compared} held-out questions"
        return "near-duplicates", figure, self._verdict()

    def _verdict(self) -> str:
        if self.worst is None:
            return "no two questions read alike"
        pair = f"{one_line(self.worst.test, SHOWN)!r} ~ {one_line(self.worst.train, SHOWN)!r}"
        return f"closest, {self.worst.similarity:.0%} alike: {pair}"
