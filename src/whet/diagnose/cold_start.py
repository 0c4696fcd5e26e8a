"""Diagnosis of a cold start: whether GRPO gets a learning signal, and if not, every cause, in order, and its fixes.

A group teaches only if its rewards differ. A model that never earns a reward (a cold start) has the same flat curve
whether answers are truncated, in the wrong layout, misparsed or too hard, and each has another fix.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from whet.diagnose.causes import CAUSES, READY, Cause, Row
from whet.diagnose.easier_rewards import easier_reward_for
from whet.diagnose.evidence import Evidence
from whet.diagnose.fixes import Fix, fixes_of, option


@dataclass(frozen=True, slots=True)
class Found:
    """One cause that holds, with its fixes."""

    cause: Cause
    sentence: str
    """The finding, with its figures."""
    fixes: tuple[Fix, ...]
    """Ways to fix it, the surest first; none where there is nothing to fix."""
    warm_start: bool = False
    """Whether a warm start (SFT on rendered solutions) cures it."""
    easier: str = ""
    """The key of `EASIER_REWARDS` that would help; empty where none would."""
    obstacle: bool = True
    """Whether GRPO cannot do well before it is fixed."""

    @property
    def fix(self) -> str:
        """Its fixes as text."""
        return ", or ".join(fix.words for fix in self.fixes) or "nothing to fix"

    @property
    def settings(self) -> Mapping[str, str]:
        """The recipe keys of the surest fix that is a setting; empty where none is."""
        return next((fix.settings for fix in self.fixes if fix.settings), {})


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Every cause of a missing learning signal, in the order in which they must be fixed; or `ready` alone."""

    found: tuple[Found, ...]
    """At least one."""

    @property
    def cause(self) -> Cause:
        """The first cause."""
        return self.found[0].cause

    @property
    def sentence(self) -> str:
        """The sentence of the first cause."""
        return self.found[0].sentence

    @property
    def fix(self) -> str:
        """The fixes of the first cause."""
        return self.found[0].fix

    @property
    def warm_start(self) -> bool:
        """Whether a warm start cures any of the causes, whatever else is wrong."""
        return any(found.warm_start for found in self.found)

    @property
    def easier(self) -> str:
        """The key of `EASIER_REWARDS` that would help against a cause; empty where none would."""
        return next((found.easier for found in self.found if found.easier), "")

    @property
    def options(self) -> str:
        """The surest setting against each cause, as the end of a command line; empty where no setting helps."""
        settings = {key: value for found in self.found for key, value in found.settings.items()}
        return " ".join(option(key, value) for key, value in settings.items())

    def lines(self) -> list[str]:
        """Each cause with its fixes on a line, numbered where there are several."""
        several = len(self.found) > 1
        return [
            f"{f'{number}. ' if several else ''}{found.sentence} To fix it: {found.fix}"
            if found.fixes
            else found.sentence
            for number, found in enumerate(self.found, 1)
        ]

    def as_dict(self) -> dict[str, Any]:
        """The first cause and all of them as a JSON-serialisable dict."""
        return {
            "cause": self.cause,
            "sentence": self.sentence,
            "fix": self.fix,
            "warm_start": self.warm_start,
            "easier": self.easier,
            "options": self.options,
            "found": [asdict(found) | {"fix": found.fix} for found in self.found],
        }


def diagnose(evidence: Evidence) -> Diagnosis:
    """Returns every row of `CAUSES` that holds, with the measured figures in its sentence; `ready` where none does."""
    rows = [row for row in CAUSES if row.holds(evidence)] or [READY]
    words = evidence.figures()
    return Diagnosis(tuple(_found(row, evidence, words) for row in rows))


def _found(row: Row, evidence: Evidence, words: Mapping[str, str]) -> Found:
    return Found(
        cause=row.cause,
        sentence=row.sentence.format_map(words),
        fixes=fixes_of(row.fixes, evidence),
        warm_start=row.teachable and evidence.facts.solutions,
        easier=easier_reward_for(evidence.probe) if row.easier else "",
        obstacle=row.obstacle,
    )
