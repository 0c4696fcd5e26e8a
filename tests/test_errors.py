"""What was meant by a misspelt word."""

import random

import pytest

from whet.errors import UserError, did_you_mean, edits, is_near, nearest

WORDS = ["accuracy", "exact_match", "last_integer", "integer", "format_strict", "format_soft", "format_tags"]


@pytest.mark.parametrize(
    ("a", "b", "far"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "", 3),
        ("kitten", "sitting", 3),
        ("setps", "steps", 1),
        ("ab", "ba", 1),
        ("level", "lvel", 1),
        ("saturday", "sunday", 3),
    ],
)
def test_edits_by_hand(a: str, b: str, far: int) -> None:
    assert edits(a, b) == edits(b, a) == far


def test_a_word_with_one_slip_is_found_again() -> None:
    dice = random.Random(1)
    for word in WORDS * 20:
        place = dice.randrange(len(word))
        assert nearest(word[:place] + word[place + 1 :], WORDS) == word
        assert nearest(word[:place] + "q" + word[place:], WORDS) == word


@pytest.mark.parametrize(
    ("word", "name", "near"),
    [
        ("setp", "steps", True),
        ("nem", "name", True),
        ("us", "run", False),
        ("rn", "run", True),
        ("abc", "xyz", False),
    ],
)
def test_short_words_may_differ_by_less(word: str, name: str, near: bool) -> None:
    assert is_near(word, name) is is_near(name, word) is near


def test_a_word_that_looks_alike_is_found_and_a_strange_one_is_not() -> None:
    assert nearest("accuracy_reward", WORDS) == "accuracy"
    assert nearest("zzz", WORDS) is None
    assert nearest("ab", ["xy"]) is None
    assert nearest("x", []) is None


def test_the_end_of_a_refusal() -> None:
    assert did_you_mean("acuracy", WORDS) == "; did you mean accuracy?"
    assert did_you_mean("zzz", WORDS) == ""
    assert issubclass(UserError, Exception)
