"""The report of `whet check`: gold answers, lengths, probe and diagnosis, as a table and as JSON."""

from dataclasses import asdict, dataclass
from typing import Any

from whet.diagnose.causes import GOLD_TOLERATED, KEEPS_FORMAT, TRUNCATED
from whet.diagnose.cold_start import Diagnosis, diagnose
from whet.diagnose.contamination import OverlapReport
from whet.diagnose.evidence import Evidence
from whet.diagnose.lengths import LengthReport
from whet.diagnose.probe import Probe
from whet.diagnose.signal import SCARCE
from whet.text import percent
from whet.types import GoldFailure

Line = tuple[str, str, str]
"""What was measured, the figure, and the verdict."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The results of `whet check`."""

    gold_checked: int
    """The number of gold solutions graded."""
    gold_failures: tuple[GoldFailure, ...]
    """Every gold solution below full marks."""
    lengths: LengthReport
    probe: Probe
    diagnosis: Diagnosis
    overlap: OverlapReport | None = None
    """Near-duplicates of training questions among held-out ones; None where not checked."""

    @classmethod
    def of(
        cls,
        lengths: LengthReport,
        probe: Probe,
        gold_checked: int,
        gold_failures: tuple[GoldFailure, ...] = (),
        solutions: bool = True,
        overlap: OverlapReport | None = None,
    ) -> "CheckReport":
        """Diagnoses and builds the report; `solutions`: whether the data has worked ones for a warm start."""
        evidence = Evidence(probe, lengths, len(gold_failures), gold_checked, solutions)
        return cls(gold_checked, gold_failures, lengths, probe, diagnose(evidence), overlap)

    @property
    def gold_is_misread(self) -> bool:
        """Whether more gold solutions than `GOLD_TOLERATED` are below full marks, which prevents learning."""
        return len(self.gold_failures) > GOLD_TOLERATED * self.gold_checked

    def as_dict(self, examples: int = 5) -> dict[str, Any]:
        """The report as a JSON-serialisable dict, with at most `examples` gold failures."""
        gold = {
            "checked": self.gold_checked,
            "failed": len(self.gold_failures),
            "examples": [failure.as_dict() for failure in self.gold_failures[:examples]],
        }
        lengths = asdict(self.lengths) | {"truncated_share": self.lengths.truncated_share}
        return {
            "gold": gold,
            "lengths": lengths,
            "probe": asdict(self.probe),
            "diagnosis": self.diagnosis.as_dict(),
            "overlap": self.overlap.as_dict() if self.overlap else None,
        }

    def rows(self) -> list[Line]:
        """The report as lines of a table."""
        overlap = [self.overlap.row()] if self.overlap else []
        return [self._gold_row(), *overlap, *_length_rows(self.lengths), *_probe_rows(self.probe)]

    def _gold_row(self) -> Line:
        failed = len(self.gold_failures)
        verdict = "rewards and data disagree about these" if failed else "rewards and data agree"
        return (
            "gold solutions",
            f"{self.gold_checked - failed} of {self.gold_checked} score full marks",
            verdict,
        )


def _length_rows(lengths: LengthReport) -> list[Line]:
    prompts, solutions, limit = lengths.prompts, lengths.solutions, lengths.max_tokens
    known = f"each leaves room for {limit} in a context of {lengths.context}" if lengths.context else ""
    fits = f"{lengths.crowded} leave no room for {limit} tokens" if lengths.crowded else known
    rows = [("prompt tokens", f"median {prompts.median}, longest {prompts.longest}", fits)]
    if solutions:
        figure = f"median {solutions.median}, 95 % up to {solutions.p95}, longest {solutions.longest}"
        room = f"max_tokens {limit} leaves room"
        cut = f"{lengths.truncated} of {lengths.checked} would be truncated at {limit}: try {lengths.suggested}"
        rows.append(("solution tokens", figure, room if lengths.holds_solutions else cut))
    return rows


def _probe_rows(probe: Probe) -> list[Line]:
    low, high = probe.pass_at_1_interval
    layout = "known" if probe.format_rate >= KEEPS_FORMAT else "not known yet"
    ends = "rarely" if probe.truncated < TRUNCATED else "often: each loses its reward"
    teaches = "enough to learn from" if probe.mixed >= SCARCE else "too few to learn from"
    reward = "none applies" if probe.mean_reward is None else f"{probe.mean_reward:.3g}"
    return [
        (
            "right answers (pass@1)",
            percent(probe.pass_at_1),
            f"95 % interval {percent(low)} to {percent(high)}",
        ),
        (
            f"solved at least once (pass@{probe.samples})",
            percent(probe.pass_at_k),
            f"of {probe.problems} problems",
        ),
        ("right answer anywhere", percent(probe.lenient), "lenient: wherever it stands"),
        ("keeps the format", percent(probe.format_rate), layout),
        ("truncated", percent(probe.truncated), ends),
        ("response tokens", f"mean {probe.mean_length:.0f}", f"of {probe.responses} responses"),
        ("mean reward", reward, f"differs within {percent(probe.signal)} of groups of {probe.samples}"),
        (f"mixed groups of {probe.group_size}", percent(probe.mixed), f"expected: {teaches}"),
    ]
