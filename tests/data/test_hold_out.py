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
    with pytest.raises(UserError, match="leaves nothing to test on"):
        held_apart(train[:1], 0.1, "test")
