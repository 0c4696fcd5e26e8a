"""Sets a share of a source aside as its test split."""

from collections.abc import Iterable
from hashlib import blake2b

from whet.errors import UserError
from whet.types import Problem


def held_apart(problems: Iterable[Problem], share: float, split: str) -> list[Problem]:
    """The problems of a split, where a hash of the question assigns a share of them to `test`, and at least one.

    Raises `UserError` where none is left for the split.
    """
    problems = list(problems)
    places = [_place(problem.asked) for problem in problems]
    bound = min(places, default=0.0)  # of a few problems the share may hold none: then the first goes to `test`
    kept = [
        problem
        for problem, place in zip(problems, places, strict=True)
        if (place < share or place == bound) == (split == "test")
    ]
    if not kept:
        fix = "give more rows, or name held-out problems with data.test"
        raise UserError(f"params.hold_out: is {share}, which leaves nothing to {split} on; {fix}")
    return kept


def _place(question: str) -> float:
    """A hash of the question in [0, 1), the same in every file and run."""
    return int.from_bytes(blake2b(question.encode(), digest_size=6).digest(), "big") / 2**48
