"""What a model writes cannot reach the terminal as a command."""

from hypothesis import given
from hypothesis import strategies as st

from whet.runs.plain import one_line


@given(st.text(), st.integers(2, 40))
def test_is_one_printable_line_of_the_width(text: str, width: int) -> None:
    line = one_line(text, width)
    assert len(line) <= width
    assert line.isprintable()


def test_escape_codes_are_shown_not_sent() -> None:
    assert one_line("a\x1b]0;title\x07b") == "a·]0;title·b"


def test_short_text_stays() -> None:
    assert one_line("What is 37 + 45?") == "What is 37 + 45?"
