"""pass@k and maj@k from the samples of one problem."""

from collections.abc import Callable, Sequence
from math import prod


def pass_at_k(n: int, correct: int, k: int) -> float:
    """Unbiased estimate of the probability that at least one of `k` samples is right, from `n` samples.

    1 − C(n−c, k) / C(n, k) (arXiv:2107.03374, eq. 1), as a product of n−c < i ≤ n of (1 − k/i), which cannot
    overflow.

    >>> pass_at_k(4, 1, 2)
    0.5

    Raises:
        ValueError: `correct` is not between 0 and `n`, or `k` is not between 1 and `n`.
    """
    if not 0 <= correct <= n or not 1 <= k <= n:
        raise ValueError(f"pass@{k} cannot be estimated from {correct} right of {n} samples")
    if n - correct < k:
        return 1.0
    return 1.0 - prod(1.0 - k / i for i in range(n - correct + 1, n + 1))


def maj_at_k(answers: Sequence[str | None], gold: str, equal: Callable[[str, str], bool]) -> float:
    """The probability that the most frequent answer is right: self-consistency (arXiv:2203.11171).

    Answers that are `equal` vote together; a sample without an answer (None) does not vote. A tie for first place
    would be broken at random, so the value is the share of the tied answers that is right. 0.0 without votes.

    >>> maj_at_k(["7", "7.0", "8", None], "7", lambda a, b: float(a) == float(b))
    1.0
    >>> maj_at_k(["7", "8"], "7", str.__eq__)
    0.5
    """
    votes: dict[str, int] = {}
    for answer in answers:
        if answer is not None:
            candidate = next((known for known in votes if equal(known, answer)), answer)
            votes[candidate] = votes.get(candidate, 0) + 1
    most = max(votes.values(), default=0)
    winners = [answer for answer, count in votes.items() if count == most]
    return sum(equal(answer, gold) for answer in winners) / len(winners) if winners else 0.0
