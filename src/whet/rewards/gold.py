"""Checks that the gold solution of each problem scores full marks in the format.

Where one does not, parser, rewards and data disagree, and a model that memorised the data would score as wrong.
"""

from collections.abc import Sequence

from whet.formats import ResponseFormat
from whet.rewards.mixture import Mixture
from whet.types import GoldFailure, Group, Problem, Prompt, Rollout


def gold_failures(problems: Sequence[Problem], response_format: ResponseFormat, mixture: Mixture) -> list[GoldFailure]:
    """The problems whose gold solution scores less than full marks, in order.

    A built-in reward for content must give its maximum; style rewards (length, steps) need not. The maximum of a
    custom function is unknown, so it only must not fail. Parts with a negative weight are penalties, not checked.

    Raises:
        UserError: what `Mixture.grade` raises.
    """
    full = mixture.full_marks(0) or 0.0
    mixture = Mixture([part for part in mixture.parts if not part.external])
    if not mixture.parts:
        return []
    texts = [response_format.render(problem.solution, problem.answer) for problem in problems]
    graded = mixture.grade(
        [Prompt(problem, ({"role": "user", "content": problem.question},), ()) for problem in problems],
        [(Rollout((), (), text, "stop"),) for text in texts],
    )
    failed = {(failure.reward, failure.problem) for failure in graded.failures}
    short = [_short(group, mixture, failed) for group in graded.groups]
    return [
        GoldFailure(group.prompt.problem, text, group.rewards[0], full, parts)
        for group, text, parts in zip(graded.groups, texts, short, strict=True)
        if parts
    ]


def _short(group: Group, mixture: Mixture, failed: set[tuple[str, str | None]]) -> dict[str, float | None]:
    """The parts of the group's only reward that are below their required score, or failed."""
    marks, short = mixture.gold_marks(), {}
    for name, value in group.rewards[0].parts.items():
        below = name in marks and (value is None or value < marks[name])
        if below or (name, group.prompt.problem.id) in failed:
            short[name] = value
    return short
