"""Shared by the length rewards: completion lengths and the limit, in tokens."""

from collections.abc import Sequence
from typing import Any

from whet.errors import UserError


def token_counts(name: str, completion_ids: Sequence[Any] | None) -> list[int | None]:
    """|o_i|, the length of each completion in tokens, end token included; `None` where its tokens are not known.

    Raises:
        UserError: no tokens are known at all, as in a file without a column `completion_ids`.
    """
    if completion_ids is None:
        raise UserError(f"reward {name!r} counts tokens: the file needs a column `completion_ids`")
    return [None if ids is None else len(ids) for ids in completion_ids]


def limit_of(name: str, max_tokens: int | None) -> int:
    """L_max, the length limit in tokens; in a recipe it defaults to `grpo.sampling.max_tokens`.

    Raises:
        UserError: it is not set.
    """
    if max_tokens is None:
        fix = f"write {{name: {name}, params: {{max_tokens: 512}}}}, with the limit used in sampling"
        raise UserError(f"rewards.params of {name!r} lacks 'max_tokens': {fix}")
    return max_tokens
