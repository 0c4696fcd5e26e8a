"""The measurements behind a diagnosis, and their formatting."""

from dataclasses import dataclass

from whet.diagnose.easier_rewards import EASIER_REWARDS, easier_reward_for
from whet.diagnose.lengths import LengthReport
from whet.diagnose.probe import Probe
from whet.diagnose.signal import group_size_for
from whet.text import percent


@dataclass(frozen=True, slots=True)
class Evidence:
    """The measurements made before training."""

    probe: Probe
    lengths: LengthReport
    gold_failed: int = 0
    """The number of gold solutions, rendered in the format, below full marks."""
    gold_checked: int = 0
    """The number of gold solutions graded."""
    solutions: bool = True
    """Whether the data has worked solutions for a warm start."""

    @property
    def room(self) -> int:
        """A suggested `max_tokens`: enough for the solutions, or twice the present one where they fit already."""
        lengths = self.lengths
        return 2 * lengths.max_tokens if lengths.holds_solutions else lengths.suggested

    def figures(self) -> dict[str, str]:
        """The formatted figures, by the placeholders in the sentences of `CAUSES`."""
        probe, lengths = self.probe, self.lengths
        low, high = probe.pass_at_1_interval
        return {
            "right": str(probe.right),
            "responses": str(probe.responses),
            "pass_at_1": percent(probe.pass_at_1),
            "interval": f"{percent(low)} to {percent(high)}",
            "lenient": percent(probe.lenient),
            "formatted": percent(probe.format_rate),
            "finished_formatted": percent(probe.finished_format_rate or 0.0),
            "rejected": percent(probe.rejected),
            "truncated": percent(probe.truncated),
            "mixed": percent(probe.mixed),
            "group_size": str(probe.group_size),
            "reward_gap": f"{probe.reward_gap or 0.0:+.3g}",
            "max_tokens": str(lengths.max_tokens),
            "solutions_truncated": str(lengths.truncated),
            "solutions_checked": str(lengths.checked),
            "gold_failed": str(self.gold_failed),
            "gold_checked": str(self.gold_checked),
            "room": str(self.room),
        } | self._fixes()

    def _fixes(self) -> dict[str, str]:
        """Optional fixes, empty where they cannot help; each ends in "or", to be followed by another."""
        probe, easier = self.probe, easier_reward_for(self.probe)
        size, larger = probe.group_size, group_size_for(probe.pass_at_1, probe.group_size)
        return {
            "warm_start": "--sft.when always, or " if self.solutions else "",
            "larger_groups": f"--grpo.group_size {larger}, or " if larger else "",
            "double_groups": f"--grpo.group_size {2 * size}, or ",
            "easier": f"--check.fix apply ({_offer(easier, probe)}), or " if easier else "",
        }


def _offer(easier: str, probe: Probe) -> str:
    row = EASIER_REWARDS[easier]
    return f"{row.says} would differ within {percent(row.signal(probe))} of groups"
