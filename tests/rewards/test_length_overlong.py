"""DAPO's equation 13, by hand and beside TRL's."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.errors import UserError
from whet.formats import BUILT_IN
from whet.rewards.length_overlong import LengthOverlongParams, length_overlong


def scores(lengths: list[int], **params: Any) -> list[float | None]:
    ids = [[7] * length for length in lengths]
    return length_overlong(None, LengthOverlongParams(**params))(
        prompts=[], completions=[""] * len(ids), completion_ids=ids
    )


def test_the_line_by_hand() -> None:
    """L_max 100, L_cache 20: free up to 80, a twentieth for each token from there."""
    lengths = [0, 79, 80, 81, 90, 99, 100, 101, 500]
    assert scores(lengths, max_tokens=100, cache=20) == [0, 0, 0, -0.05, -0.5, -0.95, -1, -1, -1]


def test_a_fifth_of_the_limit_as_in_the_paper() -> None:
    lengths = [16_384, 16_385, 18_432, 20_480]
    assert scores(lengths, max_tokens=20_480) == [0, -1 / 4096, -0.5, -1]
    assert scores([2, 3, 4], max_tokens=3) == [0, -1, -1]


@settings(deadline=None)
@given(st.lists(st.integers(0, 300), min_size=2), st.integers(1, 200), st.integers(1, 200))
def test_as_trl_has_it(lengths: list[int], limit: int, cache: int) -> None:
    trl = pytest.importorskip("trl.rewards")
    cache = min(cache, limit)
    theirs = trl.get_soft_overlong_punishment(limit, cache)([[7] * length for length in lengths])
    ours = scores(lengths, max_tokens=limit, cache=cache)
    assert ours == pytest.approx(theirs)
    assert [str(value) for value in ours if value == 0] == ["0.0"] * sum(value == 0 for value in ours)


def test_any_format_and_rows_without_tokens() -> None:
    for layout in BUILT_IN.values():
        reward = length_overlong(layout, LengthOverlongParams(max_tokens=4))
        assert reward(prompts=[], completions=["", ""], completion_ids=[[1] * 9, None]) == [-1.0, None]  # type: ignore[list-item]


def test_what_cannot_be() -> None:
    with pytest.raises(UserError, match="cache of 'length_overlong' is 11: it must be at most max_tokens, which is 10"):
        length_overlong(None, LengthOverlongParams(max_tokens=10, cache=11))
    with pytest.raises(UserError, match="lacks 'max_tokens'"):
        length_overlong(None, LengthOverlongParams())
    with pytest.raises(UserError, match="column `completion_ids`"):
        length_overlong(None, LengthOverlongParams(max_tokens=10))(prompts=[], completions=["a"])  # type: ignore[call-arg]
