"""Which column holds what, by its name, its rows or the user's choice."""

import pytest

from whet.data.columns import Columns, choose_columns
from whet.errors import UserError


def test_a_missing_column_names_those_that_exist() -> None:
    with pytest.raises(UserError) as refusal:
        choose_columns(["qestion", "answer"], {}, "mine.csv")
    assert str(refusal.value) == (
        "columns.question: mine.csv has the columns qestion, answer; say which holds the question; "
        "did you mean qestion?"
    )
    with pytest.raises(UserError, match=r"columns.answer: mine.csv has no column 'anwser', .*did you mean answer\?"):
        choose_columns(["question", "answer"], {"answer": "anwser"}, "mine.csv")
    assert choose_columns(["a", "label", "query"], {}, "x") == Columns("query", "label", None)
