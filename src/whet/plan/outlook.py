"""What a run is expected to be like: lengths of prompts and completions, and whether a warm start comes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Outlook:
    """Lengths in tokens, and the way that the run is expected to take."""

    prompts: tuple[int, ...]
    """Of training problems."""
    held_out: tuple[int, ...]
    """Of held-out problems."""
    before: tuple[int, ...]
    """Of completions that the model gives as it is."""
    after: tuple[int, ...]
    """Of completions after a warm start: as long as the solutions that it imitates. `before` without one."""
    examples: tuple[tuple[int, int], ...]
    """(prompt, solution) of the warm start."""
    warm_start: bool
    signal: float = 1.0
    """The share of groups that the learner is expected to learn from."""

    @property
    def mean_after(self) -> float:
        """Tokens of a completion in training, on average."""
        return fmean(self.after)


def clipped(lengths: Sequence[int], longest: int) -> tuple[int, ...]:
    """Returns lengths with those over a limit cut to it.

    >>> clipped([3, 90], 56)
    (3, 56)
    """
    return tuple(min(length, longest) for length in lengths)
