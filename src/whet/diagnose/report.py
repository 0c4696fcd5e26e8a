"""The report of `whet check`: gold answers, lengths, probe and diagnosis, as a table and as JSON."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from whet.diagnose.causes import KEEPS_FORMAT, TRUNCATED, gold_is_misread
from whet.diagnose.cold_start import Diagnosis, diagnose
from whet.diagnose.contamination import OverlapReport
from whet.diagnose.evidence import Evidence, RecipeFacts
from whet.diagnose.lengths import LengthReport
from whet.diagnose.probe import Probe
from whet.diagnose.signal import SCARCE
from whet.text import percent
from whet.types import GoldFailure

Line = tuple[str, str, str]
"""What was measured, the figure, and the verdict."""


Follows = Literal["warm_start", "train", "stop"]
"""What a run does after its check: a warm start, GRPO, or nothing, because there is no signal to learn from."""


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
    follows: Follows = "train"
    """What a run of the recipe does next."""

    @classmethod
    def of(
        cls,
        lengths: LengthReport,
        probe: Probe,
        gold_checked: int,
        gold_failures: tuple[GoldFailure, ...] = (),
        facts: RecipeFacts = RecipeFacts(),  # noqa: B008 (frozen)
        overlap: OverlapReport | None = None,
    ) -> "CheckReport":
        """Diagnoses and builds the report; `facts`: what of the recipe decides which fixes there are."""
        evidence = Evidence(probe, lengths, len(gold_failures), gold_checked, facts)
        return cls(gold_checked, gold_failures, lengths, probe, diagnose(evidence), overlap)

    @property
    def gold_is_misread(self) -> bool:
        """Whether too many gold solutions are below full marks: such a recipe is refused."""
        return gold_is_misread(len(self.gold_failures), self.gold_checked)

    @property
    def passes(self) -> bool:
        """Whether there is a signal to learn from: no obstacle stands, or the warm start that follows cures it."""
        cured = self.follows == "warm_start"
        return self.follows != "stop" and not any(
            found.obstacle and not (cured and found.warm_start) for found in self.diagnosis.found
        )

    def verdict(self) -> str:
        """The line on what a run of the recipe does next."""
        hindered = any(found.obstacle for found in self.diagnosis.found)
        return _VERDICTS[self.follows, self.passes, hindered]

    def as_dict(self, examples: int = 5) -> dict[str, Any]:
        """The report as a JSON-serialisable dict, with at most `examples` gold failures."""
        gold = {
            "checked": self.gold_checked,
            "failed": len(self.gold_failures),
            "examples": [failure.as_dict() for failure in self.gold_failures[:examples]],
        }
        lengths = asdict(self.lengths) | {"truncated_share": self.lengths.truncated_share}
        probe = asdict(self.probe)
        del lengths["histograms"], probe["histograms"]
        return {
            "gold": gold,
            "lengths": lengths,
            "probe": probe,
            "diagnosis": self.diagnosis.as_dict(),
            "follows": self.follows,
            "passes": self.passes,
            "overlap": self.overlap.as_dict() if self.overlap else None,
            "verdict": self.verdict(),
            "rows": [dict(zip(("what", "figure", "note"), row, strict=True)) for row in self.rows()],
            "histograms": [one.as_dict() for one in (*self.lengths.histograms, *self.probe.histograms)],
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


_VERDICTS: dict[tuple[Follows, bool, bool], str] = {
    ("warm_start", True, False): "a warm start comes first, as the recipe asks",
    ("warm_start", True, True): "a warm start comes first, and cures this",
    ("warm_start", False, True): "a warm start comes first, but it does not cure all of this",
    ("train", True, False): "nothing stands in the way: GRPO begins",
    ("train", False, True): "no warm start comes, and GRPO begins whatever is said above",
    ("stop", False, True): "training would stop before its first step",
}
"""By what follows, whether the recipe passes, and whether there are obstacles."""


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
    least, most = probe.mixed_interval
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
        (
            f"mixed groups of {probe.group_size}",
            percent(probe.mixed),
            f"expected (95 % interval {percent(least)} to {percent(most)}): {teaches}",
        ),
    ]
