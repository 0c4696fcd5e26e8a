"""How many places and pages there are, by hand: a page is 128 tokens."""

from math import inf

import pytest

from whet.rollout.call_size import CallLimits, SampleBytes
from whet.rollout.engine.paged_room import Demand, PagedRoom, pages_of

KAPPA = 10
"""Bytes of a token."""
SIZE = SampleBytes(KAPPA, per_row=1000)
ASKED = Demand(prompt_lengths=[100, 200, 100, 100], rows_per_prompt=4, longest=300, beyond=16)
"""16 rows of three pages and prompts of 1, 2, 1 and 1: 53 pages in all."""


def test_all_rows_have_pages_where_memory_suffices() -> None:
    """53 pages are rounded up to a multiple of four, and the first is scrap."""
    room, limits = ASKED.room(CallLimits(100, inf, SIZE), KAPPA)
    assert room == PagedRoom(rows=64, pages=1 + 56, prompt_pages=4, own_pages=4)
    assert limits == CallLimits(16, 53 * 128 * KAPPA, SampleBytes(KAPPA, 0, page=128))
    assert limits.bytes_of(16, 16 * 384 + 5 * 128) == limits.bytes


def test_fewer_rows_need_fewer_pages() -> None:
    """Five rows, of four prompts at most: 5 · 3 + 5."""
    room, limits = ASKED.room(CallLimits(5, inf, SIZE), KAPPA)
    assert (room.rows, room.pages, limits.rows) == (8, 1 + 20, 5)


def test_memory_is_for_the_logits_of_all_places_and_for_pages() -> None:
    """60,000 bytes: 16,000 of them for 16 rows, and 44,000 for 34 pages of 1,280."""
    room, limits = ASKED.room(CallLimits(100, 60_000, SIZE), KAPPA)
    assert (limits.rows, limits.bytes) == (16, 34 * 1280)
    assert room.pages == 1 + 36, "multiples of four"


def test_logits_take_half_of_the_memory_at_most() -> None:
    """Ten rows of 1,000 bytes in 20,000; 10,000 bytes are seven pages, but a prompt and its rows need fourteen."""
    room, limits = ASKED.room(CallLimits(100, 20_000, SIZE), KAPPA)
    assert (limits.rows, limits.bytes, room.rows) == (10, 14 * 1280, 64)


def test_one_prompt_has_room_whatever_the_limits() -> None:
    room, limits = ASKED.room(CallLimits(1, 1, SIZE), KAPPA)
    assert (limits.rows, limits.bytes, room.rows, room.pages) == (4, 14 * 1280, 8, 1 + 14)


@pytest.mark.parametrize(("longest", "own"), [(496, 4), (497, 8), (1000, 8), (1009, 16)])
def test_columns_are_rounded_up_with_what_is_drawn_past_the_limit(longest: int, own: int) -> None:
    """512 tokens are four pages; a row may be at 16 more than its limit before that is known."""
    room, _ = Demand([1], 1, longest, 16).room(CallLimits(1), KAPPA)
    assert (room.own_pages, room.positions) == (own, 128 * (4 + own))


def test_a_room_that_is_as_large_as_two() -> None:
    one, other = PagedRoom(8, 20, 4, 16), PagedRoom(64, 10, 4, 4)
    assert one.widened(other) == PagedRoom(64, 20, 4, 16)
    assert not one.holds(other)
    assert one.widened(other).holds(one)


def test_pages_of_tokens() -> None:
    assert [pages_of(tokens) for tokens in (0, 1, 128, 129)] == [0, 1, 1, 2]
