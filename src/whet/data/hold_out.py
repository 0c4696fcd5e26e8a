"""Sets a share of a source aside as its test split."""

from collections.abc import Iterable
from hashlib import blake2b

from whet.errors import UserError
from whet.types import Problem


def held_apart(problems: Iterable[Problem], share: float, split: str) -> list[Problem]:
    """The problems of a split, where a hash of the question assigns a share of them to `test`; `UserError` if none."""
    kept = [problem for problem in problems if (_place(problem.asked) < share) == (split == "test")]
    if not kept:
        raise UserError(f"params.hold_out: is {share}, which leaves nothing to {split} on")
    return kept


def _place(question: str) -> float:
    """A hash of the question in [0, 1), the same in every file and run."""
    return int.from_bytes(blake2b(question.encode(), digest_size=6).digest(), "big") / 2**48
