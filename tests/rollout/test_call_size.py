"""How requests are split into calls, by rows and by bytes."""

import pytest

import tiny
from whet.rollout.call_size import MOST_ROWS, SHARE, SampleBytes, calls, halves
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


def test_a_call_takes_what_fits_into_a_share_of_free_memory() -> None:
    """Each request takes 630 or 640 bytes: two fit into 70 % of 2,000, three do not."""
    found = list(calls(requests(3, 4, 3, 3, 4), 20, 1000, SIZE, 2000))
    assert lengths(found) == [[3, 4], [3, 3], [4]]
    assert all(sum(SIZE.of_request(one, 20) for one in part) <= SHARE * 2000 for part in found)


@pytest.mark.parametrize(("most", "expected"), [(1, [[1], [2], [3]]), (4, [[1, 2], [3]]), (6, [[1, 2, 3]])])
def test_a_call_has_so_many_rows_at_most_but_at_least_one_request(most: int, expected: list[list[int]]) -> None:
    assert lengths(list(calls(requests(1, 2, 3), 20, most, SIZE, 10**9))) == expected
    assert lengths(list(calls(requests(1, 2, 3), 20, most, SIZE, 0))) == [[1], [2], [3]]


def test_requests_of_a_call_have_equally_many_keys() -> None:
    mixed = [*requests(1, 2), *requests(3, keys=1), *requests(4)]
    assert lengths(list(calls(mixed, 20, 100, SIZE, 10**9))) == [[1, 2], [3], [4]]
    assert list(calls([], 20, 100, SIZE, 10**9)) == []


def test_halves_of_a_call() -> None:
    assert lengths(halves(requests(1, 2, 3))) == [[1], [2, 3]]
    (first,), (second,) = halves([Request((5, 6), (7, 8, 9))])
    assert (first, second) == (Request((5, 6), (7,)), Request((5, 6), (8, 9)))
    assert halves([Request((5,), (7,))]) == [[Request((5,), (7,))]]


def test_a_gpu_takes_many_more_rows_than_a_cpu() -> None:
    """512 rows in four turns take four times as long: each is bound by reading the weights."""
    assert MOST_ROWS["cuda"] >= 1024 > MOST_ROWS["cpu"]
