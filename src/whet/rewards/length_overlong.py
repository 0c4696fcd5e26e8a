"""DAPO's soft overlong punishment: a penalty that grows linearly over the last tokens before the limit."""

from typing import Any

from pydantic import PositiveInt

from whet.config import Section
from whet.errors import UserError
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.length import limit_of, token_counts

OF_THE_LIMIT = 5
"""The default cache is the limit divided by this, as in DAPO: 4,096 of 20,480 tokens."""


class LengthOverlongParams(Section):
    """Parameters of `length_overlong`."""

    max_tokens: PositiveInt | None = None
    """L_max: the length from which the penalty is 1; the default is `grpo.sampling.max_tokens`."""
    cache: PositiveInt | None = None
    """L_cache: tokens before the limit at which the penalty begins; the default is a fifth of the limit."""


def length_overlong(response_format: ResponseFormat | None, params: LengthOverlongParams) -> RewardFn:
    """In [-1, 0]: 0 up to `max_tokens - cache` tokens, then linear down to -1 at `max_tokens`.

    DAPO (arXiv:2503.14476), eq. 13, with L_max = `max_tokens` and L_cache = `cache`:
    R = 0 for |y| ≤ L_max - L_cache; ((L_max - L_cache) - |y|) / L_cache up to L_max; -1 beyond.

    Raises:
        UserError: the limit is not set, or the cache exceeds it.
    """
    limit = limit_of("length_overlong", params.max_tokens)
    cache = params.cache or max(1, limit // OF_THE_LIMIT)
    if cache > limit:
        raise UserError(
            f"rewards.params.cache of 'length_overlong' is {cache}: it must be at most max_tokens, which is {limit}"
        )

    def reward(*, completion_ids: list[Any] | None = None, **_: Any) -> list[float | None]:
        lengths = token_counts("length_overlong", completion_ids)
        return [None if length is None else _punishment(length, limit, cache) for length in lengths]

    return reward


def _punishment(length: int, limit: int, cache: int) -> float:
    return min(0.0, max(-1.0, (limit - cache - length) / cache))
