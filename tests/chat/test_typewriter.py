"""Words on lines of a given width, however they come in."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from whet.chat.typewriter import Typewriter, harmless


def written(chunks: list[str], width: int = 24) -> str:
    """What stands on the screen in the end."""
    file = io.StringIO()
    writer = Typewriter(Console(file=file, width=width, color_system=None), width)
    for chunk in chunks:
        writer.write(chunk)
    writer.end()
    return file.getvalue()


def test_lines_break_between_words() -> None:
    text = "twelve times six is seventy two, so it is 72"
    assert written([text]) == "  twelve times six is\n  seventy two, so it\n  is 72\n"


def test_lines_of_the_text_stay_lines_and_keep_their_indentation() -> None:
    assert written(["\n\n a = 1\n  b = 2\n\n\n\nc  d \n"]) == "  a = 1\n    b = 2\n\n  c  d\n"


def test_text_without_spaces_fills_its_lines() -> None:
    assert written(["七" * 25]) == f"  {'七' * 10}\n" * 2 + f"  {'七' * 5}\n"


def test_nothing_is_nothing() -> None:
    assert written([" \n", ""]) == ""


def test_a_paragraph_stands_apart() -> None:
    file = io.StringIO()
    writer = Typewriter(Console(file=file, width=40, color_system=None), 40)
    writer.paragraph()
    writer.write("2 + 2")
    writer.paragraph()
    writer.write(" \n")
    writer.paragraph()
    writer.write("4")
    writer.end()
    assert file.getvalue() == "  2 + 2\n\n  4\n"


def test_a_word_is_shown_when_the_next_one_begins() -> None:
    file = io.StringIO()
    writer = Typewriter(Console(file=file, width=40, color_system=None), 40)
    writer.write("seventy tw")
    assert file.getvalue() == "  seventy"
    writer.write("o ")
    assert file.getvalue() == "  seventy two"


WORDS = st.lists(
    st.sampled_from(["a", "seventy-two", "七", "七七七七七七七七七七七七", "e\u0301", " ", "   ", "\n", "\n\n"])
)


@given(WORDS)
def test_nothing_is_lost_and_no_line_is_too_long(words: list[str]) -> None:
    text = written(words)
    assert "".join(text.split()) == "".join("".join(words).split())
    assert all(cell_len(line) <= 22 and line == line.rstrip() for line in text.splitlines())
    assert "\n\n\n" not in text


@given(WORDS)
def test_how_it_is_chopped_does_not_matter(words: list[str]) -> None:
    assert written(list("".join(words))) == written(["".join(words)])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "·[31mred·[0m"),
        ("a\u202eb", "a·b"),  # writes backwards
        ("5\u00a0km\u2009x\x0by", "5 km x y"),
        ("\x08\x07", "··"),
        ("naïve 七 é ✓ 👨\u200d👩", "naïve 七 é ✓ 👨\u200d👩"),
    ],
)
def test_harmless(text: str, shown: str) -> None:
    assert harmless(text) == shown
