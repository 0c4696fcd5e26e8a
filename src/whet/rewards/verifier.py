"""Right answers by the data's own verifier, where gold answers are examples and not the only ones.

A source may hand along a column `verifier`: for each problem a function from an answer to a number in [0, 1], such as
whether an expression makes 24.
"""

from collections.abc import Callable
from typing import Any

from whet.errors import UserError
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.answer import find_answer
from whet.rewards.completions import text_of
from whet.rewards.equality import answers_equal

Verify = Callable[[str], float]


def is_right(given: str, gold: str, verify: Verify | None = None) -> bool:
    """Whether an answer gets full marks from the problem's verifier, or equals the gold one where it has none.

    >>> is_right("8 * 3", "24", lambda answer: 1.0), is_right("8 * 3", "24")
    (True, False)
    """
    return answers_equal(given, gold) if not callable(verify) else bool(given.strip()) and verify(given) >= 1.0


def verifier(response_format: ResponseFormat | None) -> RewardFn:
    """What the problem's own verifier gives for the answer, part marks included; 0 where there is no answer."""
    find = find_answer if response_format is None else lambda text: response_format.parse(text).answer

    def reward(*, completions: list[Any], verifier: list[Verify | None] | None = None, **_: Any) -> list[float | None]:
        if verifier is None:
            raise UserError(
                "rewards: verifier needs data with verifiers, such as reasoning_gym:countdown; use accuracy"
            )
        answers = [find(text_of(completion)) for completion in completions]
        return [
            (verify(answer) if answer else 0.0) if callable(verify) else None
            for verify, answer in zip(verifier, answers, strict=True)
        ]

    return reward
