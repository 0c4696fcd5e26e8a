"""The error for what a run has not."""

from whet.dashboard.rows.missing import MissingError
from whet.errors import UserError


def test_it_carries_what_the_answer_adds() -> None:
    error = MissingError("step: gone", nearest=3)
    assert isinstance(error, UserError)
    assert (str(error), error.more) == ("step: gone", {"nearest": 3})
