"""Diagnosis of a cold start: whether GRPO gets a learning signal, and if not, why and what to do about it.

A group teaches only if its rewards differ. A model that never finds a reward (a cold start) shows the same
flat curve whether its answers are truncated, laid out wrongly, read wrongly or too hard, and each has another
fix.
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
    """The finding in plain words, with the figures it rests on."""
    fix: str
    """What to do about it, in recipe keys and values."""
    warm_start: bool
    """Whether supervised fine-tuning on rendered solutions would fix it."""
    easier: str = ""
    """The row of `EASIER_REWARDS` that would fix it; empty where none would."""

    def as_dict(self) -> dict[str, str | bool]:
        """Ready for JSON."""
        return asdict(self)


def diagnose(evidence: Evidence) -> Diagnosis:
    """The first row of `CAUSES` that holds, with the measured figures put into its sentence and fix."""
    row = next(row for row in CAUSES if row.holds(evidence))
    words = evidence.figures()
    return Diagnosis(
        cause=row.cause,
        sentence=row.sentence.format_map(words),
        fix=row.fix.format_map(words),
        warm_start=row.teachable and evidence.solutions,
        easier=easier_reward_for(evidence.probe) if row.easier else "",
    )
