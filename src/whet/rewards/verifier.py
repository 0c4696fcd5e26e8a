"""Scores answers by a problem's own verifier, for problems with more than one right answer.

A source may have a column `verifier`: for each problem a function from an answer to a number in [0, 1], such as
whether an expression evaluates to 24.
"""

from collections.abc import Callable

from whet.rewards.equality import answers_equal
from whet.rewards.latex import Compare
from whet.rewards.worked_out import is_worked_out

Verify = Callable[[str], float]


def is_right(
    given: str, gold: str, verify: Verify | None = None, equal: Compare = answers_equal, question: str = ""
) -> bool:
    """Whether the verifier gives an answer 1.0; without one, whether it is `equal` to the gold answer and worked out.

    `question` is the problem's text: an expression copied from it is not worked out (`whet.rewards.worked_out`).

    >>> is_right("8 * 3", "24", lambda answer: 1.0), is_right("8 * 3", "24")
    (True, False)
    """
    if callable(verify):
        return bool(given.strip()) and verify(given) >= 1.0
    return is_worked_out(given, gold, question) and equal(given, gold)


def marks(
    given: str, gold: str, verify: Verify | None = None, equal: Compare = answers_equal, question: str = ""
) -> float:
    """The verifier's score of an answer, in [0, 1]; without a verifier, 1.0 for the gold answer, else 0.0.

    >>> marks("8 * 3", "24", lambda answer: 0.05), marks("24.0", "24")
    (0.05, 1.0)
    """
    if callable(verify) and given.strip():
        return verify(given)
    return float(is_right(given, gold, verify, equal, question))
