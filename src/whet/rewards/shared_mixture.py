"""A mixture of rewards of which each process of a run grades its share of the groups."""

from collections.abc import Sequence
from dataclasses import replace

from whet.protocols import Processes
from whet.rewards.mixture import Mixture
from whet.types import Graded, Outputs, Prompt


class SharedMixture(Mixture):
    """A mixture whose groups r, r + N, … process r grades; all of them have all rewards. Groups stay whole."""

    def __init__(self, mixture: Mixture, processes: Processes) -> None:
        super().__init__(mixture.parts, mixture.take_timeouts)
        self.processes = processes

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int = 0) -> Graded:
        """As a mixture does. A reward function is called with the completions that its process grades."""
        rank, count = self.processes.rank, self.processes.count
        grade = super().grade
        shares = self.processes.gathered(lambda: grade(prompts[rank::count], outputs[rank::count], step))
        whole = sum(shares[1:], shares[0])
        groups = (shares[place % count].groups[place // count] for place in range(len(prompts)))
        return replace(whole, groups=tuple(groups))
