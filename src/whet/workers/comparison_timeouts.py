"""Answers that computer algebra could not compare in time, told in a line: nothing counts as wrong in silence."""

from collections.abc import Sequence

from whet.text import one_line
from whet.types import Group
from whet.workers.math_compare import ComparisonTimeout, algebra

SHOWN = 60
"""Letters of an answer that are told."""


def timeout_lines(groups: Sequence[Group] = ()) -> list[str]:
    """A line on what was given up since this was last asked, none where nothing was.

    It shows the first of these answers and, where it is in one of `groups`, names its sample.
    """
    given_up = algebra().given_up()
    if not given_up:
        return []
    first, count = given_up[0], len(given_up)
    times = "once" if count == 1 else f"{count} times"
    where = f", {'' if count == 1 else 'first '}on {place}" if (place := _place(first, groups)) else ""
    shown = f"{one_line(first.given, SHOWN)!r} {one_line(first.what)}"
    return [f"comparing an answer was given up {times}{where}: {shown} (counts as not equal)"]


def _place(first: ComparisonTimeout, groups: Sequence[Group]) -> str | None:
    """The first sample that holds the answer: of a problem with that gold answer, or else of any."""
    holding = [
        (group.prompt.problem.answer.strip() != first.gold, f"sample {number} of problem {group.prompt.problem.id}")
        for group in groups
        for number, rollout in enumerate(group.rollouts)
        if first.given in rollout.text
    ]
    return min(holding, key=lambda place: place[0])[1] if holding else None
