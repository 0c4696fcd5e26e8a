"""How requests are split into calls, by rows and by bytes."""

import pytest

import tiny
from whet.rollout.call_size import MOST_ROWS, SHARE, SampleBytes, calls, halves, rows_that_fit
from whet.types import Request

SIZE = SampleBytes(per_token=10, per_row=100)


def requests(*lengths: int, keys: int = 2) -> list[Request]:
    return [Request((5,) * length, tuple(range(keys))) for length in lengths]


def lengths(parts: list[list[Request]]) -> list[list[int]]:
    return [[len(request.tokens) for request in part] for part in parts]


def test_bytes_of_a_tiny_model() -> None:
    """Two layers, keys and values of two heads of eight numbers, four bytes each; a vocabulary of 100."""
    found = SampleBytes.of(tiny.tiny_model())
    assert found == SampleBytes(per_token=2 * 2 * 2 * 8 * 4, per_row=16 * 100)


def test_bytes_of_a_request() -> None:
    """A prompt of 3 tokens once, two completions of 20 each, and two rows of logits."""
    assert SIZE.of_request(requests(3)[0], 20) == 10 * (3 + 2 * 20) + 2 * 100


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


@pytest.mark.parametrize(("most", "expected"), [(1, [[1], [2], [3]]), (4, [[1, 2], [3]]), (6, [[1, 2, 3]])])
def test_a_call_has_so_many_rows_at_most_but_at_least_one_request(most: int, expected: list[list[int]]) -> None:
    assert lengths(list(calls(requests(1, 2, 3), most))) == expected


def test_requests_of_a_call_have_equally_many_keys() -> None:
    mixed = [*requests(1, 2), *requests(3, keys=1), *requests(4)]
    assert lengths(list(calls(mixed, 100))) == [[1, 2], [3], [4]]
    assert list(calls([], 100)) == []


def test_halves_of_a_call() -> None:
    assert lengths(halves(requests(1, 2, 3))) == [[1], [2, 3]]
    (first,), (second,) = halves([Request((5, 6), (7, 8, 9))])
    assert (first, second) == (Request((5, 6), (7,)), Request((5, 6), (8, 9)))
    assert halves([Request((5,), (7,))]) == [[Request((5,), (7,))]]


def test_a_gpu_takes_many_more_rows_than_a_cpu() -> None:
    """512 rows in four turns take four times as long: each is bound by reading the weights."""
    assert MOST_ROWS["cuda"] >= 1024 > MOST_ROWS["cpu"]
