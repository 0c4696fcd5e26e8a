"""pass@k and maj@k against the enumeration of every subset and every vote."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.eval.pass_at_k import maj_at_k, pass_at_k


@pytest.mark.parametrize("n", range(1, 9))
def test_pass_at_k_is_the_share_of_subsets_with_a_right_sample(n: int) -> None:
    for correct in range(n + 1):
        for k in range(1, n + 1):
            subsets = list(combinations([index < correct for index in range(n)], k))
            expected = sum(any(subset) for subset in subsets) / len(subsets)
            assert pass_at_k(n, correct, k) == pytest.approx(expected, abs=1e-12)


def test_pass_at_k_does_not_overflow() -> None:
    # 1 − (1 − k/n) for a single right sample is k/n
    assert pass_at_k(10_000, 1, 5_000) == pytest.approx(0.5)


@pytest.mark.parametrize(("n", "correct", "k"), [(4, 5, 1), (4, -1, 1), (4, 1, 5), (4, 1, 0), (0, 0, 1)])
def test_pass_at_k_refuses_what_cannot_be(n: int, correct: int, k: int) -> None:
    with pytest.raises(ValueError, match="cannot be estimated"):
        pass_at_k(n, correct, k)


def same_number(a: str, b: str) -> bool:
    return float(a) == float(b)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["4", "4", "5"], 1.0),
        (["5", "5", "4"], 0.0),
        (["4", "5"], 0.5),
        (["4", "5", "6"], 1 / 3),
        (["5", "6"], 0.0),
        (["4", "4.0", "5", "5", "4.00"], 1.0),
        ([None, None, "4"], 1.0),
        ([None, None], 0.0),
        ([], 0.0),
    ],
)
def test_the_most_frequent_answer_wins(answers: list[str | None], expected: float) -> None:
    assert maj_at_k(answers, "4", same_number) == pytest.approx(expected)


@given(st.lists(st.sampled_from(["4", "4.0", "5", "6", None]), max_size=9).flatmap(
    lambda answers: st.tuples(st.just(answers), st.permutations(answers))
))  # fmt: skip
def test_the_order_of_votes_does_not_matter(
    pair: tuple[list[str | None], list[str | None]],
) -> None:
    answers, shuffled = pair
    assert maj_at_k(answers, "4", same_number) == maj_at_k(shuffled, "4", same_number)
