"""What a model writes cannot reach the terminal as a command."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from whet.text import READABLE, both_ends, first_line, one_line, percent, print_plain, token_texts


@given(st.text(), st.integers(2, 40))
def test_is_one_printable_line_of_the_width(text: str, width: int) -> None:
    line = one_line(text, width)
    assert len(line) <= width
    assert line.isprintable()


def test_escape_codes_are_shown_not_sent() -> None:
    assert one_line("a\x1b]0;title\x07b") == "a·]0;title·b"


def test_short_text_stays() -> None:
    assert one_line("What is 37 + 45?") == "What is 37 + 45?"


@given(st.text(), st.integers(3, 40))
def test_both_ends_fit_and_the_end_is_the_end(text: str, width: int) -> None:
    line, whole = both_ends(text, width), one_line(text, 10**6)
    assert len(line) <= width
    assert line.isprintable()
    assert line == whole or (line.endswith(whole[-(width // 3) :]) and whole.startswith(line.split("…")[0]))


def test_half_a_secret_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-of-mine-0001")
    for width in range(4, 40):
        assert "can" not in one_line("x canary-of-mine-0001 y", width)
        assert "mine" not in both_ends("x canary-of-mine-0001 y", width)


def test_the_first_line_of_an_error_has_no_secret_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-of-mine\nand its second line")
    assert first_line(ValueError("\n 401 for canary-of-mine\nand its second line\nmore")) == "401 for [redacted]"
    assert first_line(KeyError()) == "KeyError"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1e-12, "0 %"), (0.0049, "0.5 %"), (0.025, "2.5 %"), (0.05, "5 %"), (0.0994, "9.9 %"),
     (0.0999, "10 %"), (0.238, "24 %"), (1.0, "100 %")],
)  # fmt: skip
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


def test_signs_that_an_encoding_lacks_are_replaced_one_for_one() -> None:
    told = "“a” → 3 × 4 … ✓ é Ω 漢"
    assert told.encode("ascii", READABLE) == b'"a" > 3 x 4 ~ + e ? ?'
    assert told.encode("utf-8", READABLE).decode() == told


@given(st.text(), st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8"]))
def test_any_text_can_be_written_and_keeps_its_length(text: str, encoding: str) -> None:
    assert len(text.encode(encoding, READABLE).decode(encoding)) == len(text)


def test_only_writing_is_helped() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", READABLE)


class Gone(StringIO):
    """A pipe whose reader has ended."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_is_gone_does_not_end_what_is_told_of() -> None:
    print_plain(Console(file=Gone()), "step 1")


def test_token_texts_join_to_the_text_whatever_the_cuts() -> None:
    data = "aé€b".encode()
    texts = list(token_texts(lambda some: bytes(some).decode(errors="replace"), list(data)))
    assert texts == ["a", "", "é", "", "", "€", "b"]
    assert "".join(token_texts(lambda some: bytes(some).decode(errors="replace"), list(data[:2]))) == "a\ufffd"
