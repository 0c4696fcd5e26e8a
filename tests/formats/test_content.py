"""What a reader sees: expectations by hand."""

import time

import pytest

from whet.formats.content import is_blank, is_placeholder, visible


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\u200b",
        "\u2800\uffa0",
        "\u00ad",
        "\U000e0041",
        r"\quad\!",
        r"\vphantom{7}",
        "{ }",
        "…",
        "* * *",
        "&#160;",
        "<p></p>",
    ],
)
def test_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    "text", ["7", "x", "答", r"\pi", "∅", "∞", "½", "²", "€", "<", "=", "a\u200bb", r"\text{no}", "–5", "**no**", "é"]
)
def test_not_blank(text: str) -> None:
    assert not is_blank(text)


def test_marks_on_letters_stay() -> None:
    assert visible("e\u0301te\u0301 \u200b\n") == "e\u0301te\u0301 \n"


@pytest.mark.parametrize(
    "piece", ["<!--", "<!-- -->", "\\hspace", "\\phantom{", "\\kern-", "&#1", "\u200b", "<b", "\\"]
)
def test_a_long_text_takes_linear_time(piece: str) -> None:
    start = time.process_time()
    is_blank(piece * (200_000 // len(piece)))
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("text", "placeholder"),
    [
        ("your answer here", True),
        ("[your reasoning]", True),
        ("...reasoning process here...", True),
        ("The final answer", True),
        ("A", False),
        ("step", False),
        ("the answer is 82", False),
        ("my answer", True),
        ("answer", True),
        ("reasoning", True),
        ("solution", True),
        ("[solution]", True),
        ("<result>", True),
        ("reason", False),
        ("thoughts", False),
        ("Result.", False),
        ("the solution", False),
        ("**A reason**", False),
        ("", False),
        ("answer " * 9, False),
    ],
)
def test_placeholders(text: str, placeholder: bool) -> None:
    assert is_placeholder(text) is placeholder


@pytest.mark.parametrize("text", ["\\begin{align}\\end{align}", "\\label{eq1}", "\\tag{1}"])
def test_notation_without_content_is_blank(text: str) -> None:
    assert is_blank(text)
