"""How well each detector does on seeded runs: found, missed, false."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from histories import TROUBLES, Told, run
from whet.diagnose.detectors import DETECTORS
from whet.eval.statistics import wilson

TUNED_ON = range(480)
"""The seeds that thresholds and windows were chosen on."""

REPORTED_ON = range(10_000, 10_480)
"""The seeds of docs/diagnosis.md; nothing was chosen on these."""


@dataclass
class Score:
    """A detector over many runs. A finding before its fault began is false, and so is one in a run without it."""

    found: int = 0
    missed: int = 0
    false: int = 0
    delays: list[int] = field(default_factory=list)
    """Steps from the beginning of a fault to its finding."""

    @property
    def precision(self) -> float:
        """The share of runs in which it spoke where it was right to."""
        return self.found / (self.found + self.false)

    @property
    def recall(self) -> float:
        """The share of runs with the fault in which it spoke."""
        return self.found / (self.found + self.missed)

    def add(self, told: Told, name: str) -> None:
        """One more run."""
        trouble = TROUBLES.get(told.trouble or "")
        first = next((finding.step for finding in told.findings if finding.detector == name), None)
        if trouble and name in trouble.may:
            return
        if not trouble or name not in trouble.tells:
            self.false += first is not None
        elif first is None:
            self.missed += 1
        elif first < (told.begins or 0) - 1:
            self.false += 1
        else:
            self.found += 1
            self.delays.append(first - (told.begins or 0))


def scores(seeds: Iterable[int]) -> dict[str, Score]:
    """The score of every detector over the runs of these seeds."""
    made = {detector.name: Score() for detector in DETECTORS}
    for told in map(run, seeds):
        for name, score in made.items():
            score.add(told, name)
    return made


def table(made: dict[str, Score]) -> str:
    """The scores in Markdown, with 95 % Wilson intervals."""
    lines = ["| detector | faulty runs | found | false | precision | recall | steps until told |", "|---|" + "---|" * 6]
    for name, s in made.items():
        precision, recall = (
            f"{share:.2f} [{low:.2f}, {high:.2f}]"
            for share, (low, high) in (
                (s.precision, wilson(s.found, s.found + s.false)),
                (s.recall, wilson(s.found, s.found + s.missed)),
            )
        )
        cells = (f"`{name}`", s.found + s.missed, s.found, s.false, precision, recall, round(median(s.delays)))
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)
