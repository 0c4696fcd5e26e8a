"""Words that say something, and padding. All expectations by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.rewards.new_words import is_quoted, new_words, plain_words, repeats, said, share, words_of

QUESTION = "A baker sells 14 loaves in the morning and 9 loaves in the evening of the same day. How many in all?"


def test_words() -> None:
    assert words_of("Half of\n12, 再算 OK") == ["half", "of", "12,", "再", "算", "ok"]
    assert words_of("o\u200bne <!-- two --> ＴＷＯ") == ["one", "two"]
    assert plain_words("So, (**12**): - ... 4!") == ["so", "12", "-", "4"]


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("ab" * 20, 40),
        ("z" * 30, 30),
        ("=-" * 15, 30),
        (r"\frac{37+45}{2}+\sqrt{169}=54", 1),
        ("https://example.org/ab/cd", 1),
    ],
)
def test_a_run_without_spaces_is_split_where_it_loops(run: str, words: int) -> None:
    assert len(words_of(run)) == words


@pytest.mark.parametrize(
    ("text", "at_most"),
    [
        ("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", 3),
        ("1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16", 3),
        ("a b c d e f g h i j k l m n o p q r s t u v w x y z", 3),
        ("... !!! ??? ... , , , ; ; ;", 0),
        ("\u200b \u200b \u200b \u200b", 0),
        ("so it is so it is so it is so it is so it is", 5),
        ("so it is, so it is; SO IT IS: **so it is** (so it is)!", 5),
        ("so\u200b it is s\u200bo it is so i\u200bt is so it i\u200bs", 5),
        ("abcabcabcabcabcabcabcabcabcabcabcabc", 5),
        ("再算一次再算一次再算一次再算一次再算一次", 6),
        (" ".join(f"let me try {number} again" for number in range(40)), 22),
        (QUESTION, 0),
        (QUESTION.upper(), 0),
        (QUESTION + " " + QUESTION, 0),
    ],
)
def test_padding_says_nothing_new(text: str, at_most: int) -> None:
    assert new_words(text, QUESTION) <= at_most


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("14 + 9 = 23 loaves", 6),
        ("8 + 4 = 12, 7 + 5 = 12, 6 + 9 = 15, 2 + 3 = 5, 1 + 1 = 2", 25),
        ("She sells 14 loaves in the morning, which leaves room for others.", 12),
    ],
)
def test_reasoning_keeps_its_words(text: str, words: int) -> None:
    assert new_words(text, QUESTION) == words


def test_numbers_that_change_make_a_loop_from_the_fourth_time_on() -> None:
    words = plain_words("try number 1 once try number 2 once try number 3 once try number 4 once")
    assert repeats(words, 4) == [False] * 12 + [True]
    assert not any(repeats(plain_words("8 + 4 = 12 then 7 + 5 = 12 then 6 + 9 = 15 then 1 + 1 = 2 then 3 + 3 = 6"), 4))


@given(st.lists(st.sampled_from("ab1"), max_size=30), st.integers(1, 5))
def test_the_first_ngram_is_never_a_repeat(words: list[str], size: int) -> None:
    found = repeats(words, size)
    assert len(found) == max(0, len(words) - size + 1)
    assert not any(found[:1])
    assert 0 <= share(found) < 1


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("So 14 + 9 = 23 and that is all of them.", 1.0, 1.0),
        ("", 0.0, 0.0),
        ("\u200b" * 500, 0.0, 0.0),
        ("one" + "\n" * 500 + "two", 0.0, 0.05),
        ("wait " * 200, 0.0, 0.05),
        ("hm" * 500, 0.0, 0.05),
    ],
)
def test_said(text: str, low: float, high: float) -> None:
    assert low <= said(text) <= high


def test_a_quotation() -> None:
    asked = plain_words(QUESTION)
    assert is_quoted(plain_words("sells 14 loaves"), asked)
    assert not is_quoted(plain_words("sells 9 loaves"), asked)
    assert not is_quoted([], asked)


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"a{n}" for n in range(60)),
        " ".join(f"line {n}" for n in range(60)),
        " ".join(f"{n}={n}" for n in range(60)),
        " ".join(f"${n}$" for n in range(60)),
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen",
        "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX XXI XXII XXIII XXIV XXV XXVI XXVII",
    ],
)
def test_counting_says_little(text: str) -> None:
    assert new_words(text) <= 15


def test_rules_of_dashes_and_equals_signs_are_no_words() -> None:
    assert plain_words("--- === \\,\\, ~~~ a = b") == ["a", "=", "b"]


def test_a_long_number_is_one_word() -> None:
    assert len(words_of("1" + "0" * 30)) == 1
    assert len(words_of("0" * 300)) == 300
