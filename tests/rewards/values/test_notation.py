"""Many notations, one text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.rewards.values.notation import plain


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("1½", "1\\frac{1}{2}"),
        ("−5", "-5"),
        ("‐12", "-12"),
        ("－12", "-12"),
        ("１８", "18"),
        ("٣", "3"),
        ("2√3", "2\\sqrt{3}"),
        ("√(x+1)", "\\sqrt{x+1}"),
        ("3.2×10⁻⁴", "3.2\\times 10^{-4}"),
        ("x₁", "x_{1}"),
        ("cafe\u0301", "café"),
        ("5\u200b6", "56"),
        ("\\dfrac12", "\\frac{1}{2}"),
        ("\\frac9{19}", "\\frac{9}{19}"),
        ("\\left( 3, 4 \\right]", "( 3, 4 ]"),
        ("\\\\frac{3}{4}", "\\frac{3}{4}"),
        ("10,\\!080", "10,080"),
        ("1{,}000", "1,000"),
        ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("$$ x $$", "x"),
        ("**`73`**", "73"),
        ("{\\bf 42}", "42"),
        ("\\color{red}{42}", "42"),
        ("12^{\\text{th}}", "12th"),
        ("90^\\circ", "90 degrees"),
        ("5\\mbox{ cm}^2", "5\\text{ cm}^2"),
        ("72.", "72"),
        ("0.333...", "0.333..."),
        ("x \\leq 5", "x \\le 5"),
        ("x <= 5", "x \\le 5"),
    ],
)
def test_one_notation(text: str, rewritten: str) -> None:
    assert plain(text) == rewritten


@pytest.mark.parametrize(
    "text", ["$5", "5!", "\\{1, 2\\}", "(a)(b)", "f(x)", "$5 and $6", "\\text{a} b \\text{c}", "x^2"]
)
def test_what_carries_meaning_stays(text: str) -> None:
    assert plain(text) == text


@given(st.text(max_size=30))
def test_nothing_changes_the_second_time_for_ascii_words(text: str) -> None:
    """Any text is rewritten without an error, and never to nothing but white space."""
    assert plain(text) == plain(text).strip()
