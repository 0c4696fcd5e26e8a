"""The measurements behind a diagnosis, and their formatting."""

from dataclasses import dataclass

from whet.diagnose.lengths import LengthReport
from whet.diagnose.probe import Probe
from whet.text import percent


@dataclass(frozen=True, slots=True)
class RecipeFacts:
    """What of a recipe decides which fixes there are."""

    solutions: bool = True
    """Whether there is something to imitate: worked solutions for a warm start."""
    format: str = ""
    """The name of the response format."""
    level: int | None = None
    """The level of `arithmetic` problems; None for other data."""
    levels: tuple[int, ...] = ()
    """The levels that such problems have."""
    with_accuracy: str = ""
    """The recipe's rewards with `accuracy` added, as a value of `rewards`; empty where they have it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The measurements made before training."""

    probe: Probe
    lengths: LengthReport
    gold_failed: int = 0
    """The number of gold solutions, rendered in the format, below full marks."""
    gold_checked: int = 0
    """The number of gold solutions graded."""
    facts: RecipeFacts = RecipeFacts()

    def figures(self) -> dict[str, str]:
        """The formatted figures, by the placeholders in the sentences of `CAUSES`."""
        probe, lengths = self.probe, self.lengths
        solutions = lengths.solutions
        return {
            "right": str(probe.right),
            "responses": str(probe.responses),
            "pass_at_1": percent(probe.pass_at_1),
            "interval": _interval(probe.pass_at_1_interval),
            "lenient": percent(probe.lenient),
            "formatted": percent(probe.format_rate),
            "of_those_that_end": _of_those_that_end(probe),
            "rejected": percent(probe.rejected),
            "truncated": percent(probe.truncated),
            "mixed": percent(probe.mixed),
            "mixed_interval": _interval(probe.mixed_interval),
            "group_size": str(probe.group_size),
            "mean_reward": f"{probe.mean_reward or 0.0:.3g}",
            "reward_gap": f"{probe.reward_gap or 0.0:+.3g}",
            "max_tokens": str(lengths.max_tokens),
            "solutions_truncated": str(lengths.truncated),
            "solutions_checked": str(lengths.checked),
            "solution_length": f", where 95 % of gold solutions have at most {solutions.p95}" if solutions else "",
            "gold_failed": str(self.gold_failed),
            "gold_checked": str(self.gold_checked),
        }


def _interval(ends: tuple[float, float]) -> str:
    return f"{percent(ends[0])} to {percent(ends[1])}"


def _of_those_that_end(probe: Probe) -> str:
    right = probe.finished_right
    return "none ends" if right is None else f"of those that end, {percent(right)} are right"
