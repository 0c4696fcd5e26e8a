"""Diagnosis of a cold start: whether GRPO gets a learning signal, and if not, the cause and its fix.

A group teaches only if its rewards differ. A model that never earns a reward (a cold start) has the same flat curve
whether answers are truncated, in the wrong layout, misparsed or too hard, and each has another fix.
"""

from dataclasses import asdict, dataclass

from whet.diagnose.causes import CAUSES, Cause
from whet.diagnose.easier_rewards import easier_reward_for
from whet.diagnose.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The cause of a missing learning signal, or `ready`, with its fix."""

    cause: Cause
    sentence: str
    """The finding, with its figures."""
    fix: str
    """The fix, in recipe keys and values."""
    warm_start: bool
    """Whether a warm start (SFT on rendered solutions) would fix it."""
    easier: str = ""
    """The key of `EASIER_REWARDS` that would fix it; empty where none would."""

    def as_dict(self) -> dict[str, str | bool]:
        """The fields as a JSON-serialisable dict."""
        return asdict(self)


def diagnose(evidence: Evidence) -> Diagnosis:
    """Returns the first row of `CAUSES` that holds, with the measured figures in its sentence and fix."""
    row = next(row for row in CAUSES if row.holds(evidence))
    words = evidence.figures()
    return Diagnosis(
        cause=row.cause,
        sentence=row.sentence.format_map(words),
        fix=row.fix.format_map(words),
        warm_start=row.teachable and evidence.solutions,
        easier=easier_reward_for(evidence.probe) if row.easier else "",
    )
