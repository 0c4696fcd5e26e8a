"""How many rows are sampled at a time, by number and by bytes."""

from dataclasses import replace
from math import inf

import pytest

import tiny
from whet.errors import is_out_of_memory
from whet.rollout.call_size import MOST_ROWS, SHARE, CallLimits, OutOfMemoryError, SampleBytes, halves, rows_that_fit
from whet.types import Request

SIZE = SampleBytes(per_token=10, per_row=100)


def requests(*lengths: int, keys: int = 2) -> list[Request]:
    return [Request((5,) * length, tuple(range(keys))) for length in lengths]


def test_bytes_of_a_tiny_model() -> None:
    """Two layers, keys and values of two heads of eight numbers, four bytes each; a vocabulary of 100."""
    found = SampleBytes.of(tiny.tiny_model())
    assert found == SampleBytes(per_token=2 * 2 * 2 * 8 * 4, per_row=16 * 100)


def test_bytes_of_a_request() -> None:
    """A prompt of 3 tokens once, two completions of 20 each, and two rows of logits."""
    assert SIZE.of_request(requests(3)[0], 20) == 10 * (3 + 2 * 20) + 2 * 100
    in_pages = replace(SIZE, page=16)  # a prompt of 3 tokens takes one, a completion of 20 two
    assert in_pages.of_request(requests(3)[0], 20) == 10 * (16 + 2 * 32) + 2 * 100


@pytest.mark.parametrize(
    ("free", "expected"),
    [(10**9, 24), (24 * 320 / SHARE + 1, 24), (24 * 320 / SHARE - 1, 12), (4000, 6), (600, 1), (0, 1)],
)
def test_rows_are_halved_until_they_fit_into_a_share_of_free_memory(free: float, expected: int) -> None:
    """The larger request takes 10 · (4 + 2 · 20) + 2 · 100 = 640 bytes for its two rows."""
    assert rows_that_fit(requests(3, 4, 3), 20, 24, SIZE, int(free)) == expected


def test_nothing_to_sample_fits() -> None:
    assert rows_that_fit([], 20, 24, SIZE, 0) == 24
    assert rows_that_fit([Request((5,), ())], 20, 24, SIZE, 0) == 24


def test_limits_are_what_the_rows_that_fit_take_at_most() -> None:
    """The larger request takes 320 bytes a row: of 24 rows 6 fit into 4,000 bytes, which are 1,920."""
    asked = requests(3, 4, 3)
    assert CallLimits.of(asked, 20, 24, SIZE, 10**9) == CallLimits(24, inf, SIZE)
    tight = CallLimits.of(asked, 20, 24, SIZE, 4000)
    assert tight == CallLimits(24, 6 * 320, SIZE)
    assert tight.full_rows(asked, 20) == CallLimits(6)
    assert CallLimits(24, inf, SIZE).full_rows(asked, 20) == CallLimits(24)
    assert tight.halved(10) == CallLimits(5, 3 * 320, SIZE)


def test_what_limits_hold() -> None:
    """Three rows and 20 tokens take 3 · 100 + 20 · 10 bytes."""
    assert CallLimits(3, 500, SIZE).hold(3, 20)
    assert not CallLimits(3, 499, SIZE).hold(3, 20)
    assert not CallLimits(2, 500, SIZE).hold(3, 20)
    assert CallLimits(3).hold(3, 10**9)


def test_out_of_memory_says_for_how_many_rows_and_is_known_as_such() -> None:
    error = OutOfMemoryError(24)
    assert (error.rows, str(error)) == (24, "out of memory sampling 24 rows at once")
    assert is_out_of_memory(error)


def test_halves_of_a_request() -> None:
    assert halves(Request((5, 6), (7, 8, 9))) == [Request((5, 6), (7,)), Request((5, 6), (8, 9))]
    with pytest.raises(ValueError, match="one row"):
        halves(Request((5,), (7,)))


def test_a_gpu_takes_many_more_rows_than_a_cpu() -> None:
    """512 rows in four turns take four times as long: each is bound by reading the weights."""
    assert MOST_ROWS["cuda"] >= 1024 > MOST_ROWS["cpu"]
