"""The invariant before any training: every gold solution, rendered in the format, scores full marks.

Where it does not, the parser, the rewards and the data disagree with each other, and a model that learned the
data by heart would still be told that it is wrong.
"""

from collections.abc import Sequence

from whet.formats import ResponseFormat
from whet.rewards.mixture import Mixture
from whet.types import GoldFailure, Group, Problem, Prompt, Rollout


def gold_failures(problems: Sequence[Problem], response_format: ResponseFormat, mixture: Mixture) -> list[GoldFailure]:
    """The problems whose gold solution falls short, in order; empty where all is well.

    A built-in reward for what is said must give its full mark; how a solution goes about it, its length or its
    steps, is its own business. What a function of one's own can give at most is not known, so it only must not
    fail. A part with a negative weight is a penalty and not asked.

    Raises:
        UserError: what `Mixture.grade` raises.
    """
    full = mixture.full_marks or 0.0
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
    """The parts of the one reward of a group that are less than they must be."""
    marks, short = mixture.gold_marks(), {}
    for name, value in group.rewards[0].parts.items():
        below = name in marks and (value is None or value < marks[name])
        if below or (name, group.prompt.problem.id) in failed:
            short[name] = value
    return short
