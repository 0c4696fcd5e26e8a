"""What the length rewards are told, and what they must be told."""

import pytest

from whet.errors import UserError
from whet.rewards.length import limit_of, token_counts


def test_tokens_are_counted() -> None:
    assert token_counts("r", [[1, 2, 3], [], None]) == [3, 0, None]


def test_without_tokens_nothing_is_counted() -> None:
    with pytest.raises(UserError, match="reward 'r' counts tokens: the file needs a column `completion_ids`"):
        token_counts("r", None)


def test_the_limit_must_be_known() -> None:
    assert limit_of("r", 512) == 512
    with pytest.raises(UserError, match=r"'r' lacks 'max_tokens': write {name: r, params: {max_tokens: 512}}"):
        limit_of("r", None)
