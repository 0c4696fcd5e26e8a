"""Lists in the wrong order, where a question asks for one."""

import pytest

from whet.rewards.judgement import finder, judge
from whet.rewards.ordering import in_wrong_order

SORT = "Arrange 3, 1, 2 from least to greatest."


@pytest.mark.parametrize(
    ("given", "gold", "question", "wrong"),
    [
        ("3, 1, 2", "1, 2, 3", SORT, True),
        ("$3 , 1, 2$", "1,2,3", SORT, True),
        ("3 and 1", "1, 3", "List the roots in increasing order.", True),
        ("3 < 1", "1 < 3", "Sort the numbers.", True),
        ("C, B, A", "A, B, C", "What is the correct order of the steps A, B, C?", True),
        ("(C), (A), (B)", "ABC", "Rank A, B and C.", True),
        ("CBA", "A, B, C", "Rank A, B and C.", True),
        ("1, 2, 3", "1, 2, 3", SORT, False),
        ("1, 2, 3", "\\text{1, 2, 3}", SORT, False),
        ("1, 2", "1, 2, 3", SORT, False),
        ("3, 1", "1, 3", "Find both roots.", False),
        ("3, 1", "1, 3", "In order to find them, use the order of operations.", False),
        ("3, 1", "1, 3", "", False),
        ("3, 1", "1, 3", "What sort of numbers solve it?", False),
        ("5", "5", SORT, False),
    ],
)
def test_order(given: str, gold: str, question: str, wrong: bool) -> None:
    assert in_wrong_order(given, gold, question) is wrong


@pytest.mark.parametrize(
    ("answer", "question", "right"),
    [("3, 1, 2", SORT, False), ("1, 2, 3", SORT, True), ("3, 1, 2", "Which numbers divide 6 and are below 6?", True)],
)
def test_a_list_in_the_wrong_order_is_not_paid(answer: str, question: str, right: bool) -> None:
    assert judge(f"So it is \\boxed{{{answer}}}.", finder(None), ["1, 2, 3"], question=question).right is right
