"""Who has a place, and how many tokens memory still holds, by hand."""

from collections import deque

import pytest

from whet.rollout.call_size import CallLimits, SampleBytes
from whet.rollout.row_places import Places

ONE_A_TOKEN = SampleBytes(per_token=1, per_row=0)


def places(limits: CallLimits, prompts: int = 6, share: int = 2, longest: int = 100) -> tuple[Places, deque[int]]:
    """Prompts of three tokens, all of them waiting."""
    return Places([3] * prompts, share, longest, limits), deque(range(prompts))


def test_whole_prompts_get_places_within_the_rows() -> None:
    some, waiting = places(CallLimits(5))
    assert some.take(waiting) == [0, 1]
    assert (some.rows, some.counts, list(waiting)) == ([0, 1, 2, 3], [1] * 4, [2, 3, 4, 5])
    assert some.take(waiting) == []


def test_one_prompt_begins_where_limits_hold_none() -> None:
    for limits in (CallLimits(1), CallLimits(100, bytes=5, size=ONE_A_TOKEN)):
        some, waiting = places(limits)
        assert some.take(waiting) == [0]
        assert some.take(waiting) == [], "beside others none does"


def test_at_first_rows_are_expected_to_be_as_long_as_they_may_be() -> None:
    """Two prompts of 3 + 2 · 100 tokens are 406, three 609; a row's logits are 20 bytes more."""
    some, waiting = places(CallLimits(100, bytes=608, size=ONE_A_TOKEN))
    assert some.take(waiting) == [0, 1]
    some, waiting = places(CallLimits(100, bytes=406 + 79, size=SampleBytes(per_token=1, per_row=20)))
    assert some.take(waiting) == [0]


def test_then_as_long_as_those_that_have_ended() -> None:
    """Rows 0 and 1 ended with 20 and 40 tokens: 30 each. Rows 2 and 3 have 50: 103 with their prompt. A prompt more is
    expected to take 63: three of them are 292 in all, four 355."""
    some, waiting = places(CallLimits(100, bytes=406, size=ONE_A_TOKEN), prompts=9)
    assert some.take(waiting) == [0, 1]
    some.advance(49)
    some.end(0, 20)
    some.end(1, 40)
    assert some.drop_ended() == [2, 3]
    assert some.together == 4
    assert some.take(waiting) == [2, 3, 4, 5]
    assert some.together == 10
    assert some.counts == [50, 50, *[1] * 8]


@pytest.mark.parametrize(("ended", "few"), [(1, False), (2, False), (3, True)])
def test_few_rows_are_left_by_the_rows_that_there_may_be(ended: int, few: bool) -> None:
    some, waiting = places(CallLimits(4))
    some.take(waiting)
    for row in range(ended):
        some.end(row, 5)
    assert some.are_few(0.5) is few


def test_few_rows_are_left_by_what_memory_is_expected_to_hold() -> None:
    """Of 206 bytes 103 are those of two rows of fifty and their prompt; at 10 + 1.5 tokens each eight more would fit:
    two are few of ten at a threshold of a half, and at a tenth they are not."""
    some, waiting = places(CallLimits(100, bytes=206, size=ONE_A_TOKEN))
    assert some.take(waiting) == [0]
    some.advance(49)
    some._lengths.append(10)
    assert some.are_few(0.5)
    assert not some.are_few(0.1)


def test_what_memory_does_not_hold_waits_again_the_last_first() -> None:
    """Four prompts of two rows, 4 · (3 + 2 · 20) = 172 tokens, and a token more of each is 180. Without the last prompt
    they are 135. Row 6 had ended: only row 7 begins again, and is the only unfinished one when their prompt does."""
    some, waiting = places(CallLimits(100, bytes=175, size=ONE_A_TOKEN), longest=30)
    some._lengths.append(18)
    assert some.take(waiting) == [0, 1, 2, 3]
    some.advance(19)
    assert some.send_back(0, waiting) == []
    some.end(6, 7)
    assert some.send_back(1, waiting) == [], "a row less"
    some.limits = CallLimits(100, bytes=155, size=ONE_A_TOKEN)
    some._sure = 0
    assert not some.hold(1)
    assert some.send_back(1, waiting) == [7]
    assert some.hold(1)
    assert list(waiting) == [3, 4, 5]
    assert some.unfinished == {0, 1, 2, 3, 4, 5}
    some.drop_ended()
    some.limits = CallLimits(100)
    assert some.take(deque([3])) == [3]
    assert some.rows == [0, 1, 2, 3, 4, 5, 6, 7]
    assert some.unfinished == {0, 1, 2, 3, 4, 5, 7}


def test_one_prompt_stays_whatever_memory_holds() -> None:
    some, waiting = places(CallLimits(100, bytes=1, size=ONE_A_TOKEN))
    some.take(waiting)
    assert some.send_back(50, waiting) == []
    assert some.unfinished == {0, 1}


def test_tokens_that_are_left() -> None:
    """Rows 0 and 1 have 6 of 10 tokens, rows 2 and 3 have 2: the shortest has eight left; when only the first two are
    there, four."""
    some, waiting = places(CallLimits(4), longest=10)
    some.limits = CallLimits(2)
    some.take(waiting)
    some.advance(4)
    some.limits = CallLimits(4)
    assert some.take(waiting) == [1]
    some.advance(1)
    assert (some.counts, some.left(), some.are_full) == ([6, 6, 2, 2], 8, False)
    some.end(2, 2)
    some.end(3, 2)
    some.drop_ended()
    assert some.left() == 4
    some.advance(4)
    assert some.are_full
