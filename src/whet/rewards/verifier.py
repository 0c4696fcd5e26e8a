"""How right an answer is by the data's own verifier, where gold answers are examples and not the only ones.

A source may hand along a column `verifier`: for each problem a function from an answer to a number in [0, 1], such as
whether an expression makes 24.
"""

from collections.abc import Callable

from whet.rewards.equality import answers_equal
from whet.rewards.latex import Compare

Verify = Callable[[str], float]


def is_right(given: str, gold: str, verify: Verify | None = None, equal: Compare = answers_equal) -> bool:
    """Whether an answer gets full marks from the problem's verifier, or is `equal` to the gold one where it has none.

    >>> is_right("8 * 3", "24", lambda answer: 1.0), is_right("8 * 3", "24")
    (True, False)
    """
    return equal(given, gold) if not callable(verify) else bool(given.strip()) and verify(given) >= 1.0


def marks(given: str, gold: str, verify: Verify | None = None, equal: Compare = answers_equal) -> float:
    """What the problem's verifier gives for an answer, part marks included; without one, 1.0 for the gold answer.

    >>> marks("8 * 3", "24", lambda answer: 0.05), marks("24.0", "24")
    (0.05, 1.0)
    """
    return verify(given) if callable(verify) and given.strip() else float(is_right(given, gold, verify, equal))
