"""One response gives one answer."""

import pytest

from whet.formats.base import ResponseFormat, agreed


@pytest.mark.parametrize(
    ("answers", "one"),
    [
        ([], None),
        (["82"], "82"),
        (["82", "82\n"], "82"),
        (["82", "28"], None),
        (["82", "82.0"], None),
        ([""], ""),
    ],
)
def test_answers_that_differ_are_no_answer(answers: list[str], one: str | None) -> None:
    assert agreed(answers) == one


def test_a_format_must_play_the_whole_role() -> None:
    with pytest.raises(TypeError, match="abstract"):
        ResponseFormat("half", "")  # type: ignore[abstract]
