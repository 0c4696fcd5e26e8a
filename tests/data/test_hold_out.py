"""A share of a source is set aside, the same share in every run."""

import pytest

from whet.data.hold_out import held_apart
from whet.errors import UserError
from whet.types import Problem


def test_a_table_can_keep_a_part_apart() -> None:
    problems = [Problem(str(i), f"What is {i} + 1?", str(i + 1)) for i in range(2000)]
    train, test = held_apart(problems, 0.1, "train"), held_apart(problems, 0.1, "test")
    assert sorted(p.question for p in train + test) == sorted(p.question for p in problems)
    assert 140 < len(test) < 260
    assert held_apart(problems[::-1], 0.1, "test") == test[::-1]


def test_a_few_problems_leave_one_to_test_on() -> None:
    problems = [Problem(str(i), f"What is {i} + 1?", str(i + 1)) for i in range(4)]
    for share in (0.001, 0.1):
        train, test = held_apart(problems, share, "train"), held_apart(problems[::-1], share, "test")
        assert len(test) >= 1
        assert sorted(p.question for p in train + test) == sorted(p.question for p in problems)
    assert len(held_apart(problems, 0.001, "test")) == 1


def test_one_problem_cannot_be_divided() -> None:
    with pytest.raises(
        UserError, match=r"leaves nothing to train on; give more rows, or name held-out problems with data\.test"
    ):
        held_apart([Problem("a", "1 + 1?", "2")], 0.1, "train")
