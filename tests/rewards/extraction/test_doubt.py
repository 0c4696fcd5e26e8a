"""Answers that are doubted, denied or replaced."""

import pytest

from rewards.growth import growth
from whet.rewards.answer import find_answer, find_candidate
from whet.rewards.extraction.candidate import Kind
from whet.rewards.extraction.doubt import is_doubted, replaces, takes_back
from whet.rewards.judgement import judge


def is_right(text: str) -> bool:
    """Whether a completion is paid for 71."""
    return judge(text, find_candidate, ["71"]).right


@pytest.mark.parametrize(
    "text",
    [
        "I would not say the answer is 71.",
        "It is doubtful that the answer is 71.",
        "Nobody claims that the answer is 71.",
        "It is not true that the answer is 71.",
        "One wrong answer is 71.",
        "An incorrect result is $71$.",
        "I wonder whether the answer is 71.",
        "What if it is 71?",
        "Could the answer be 71?",
        "The answer ends with 71.",
        "The answer lies above 71.",
        "Some say the answer is 71.",
        "He was mistaken to write \\boxed{71}.",
        "We reject \\boxed{71}.",
    ],
)
def test_a_doubted_answer_is_none(text: str) -> None:
    assert not is_right(text)


@pytest.mark.parametrize(
    "text",
    [
        "There is no doubt that the answer is 71.",
        "I don't think so, the answer is 71.",
        "I doubted 9 at first, but the answer is 71.",
        "Nobody likes both, so the answer is 71.",
        "If x is even, then the answer is 71.",
        "12 is wrong. The answer is 71.",
        "Not sure why, but it is \\boxed{71}.",
        "The answer has to be odd, so \\boxed{71}.",
        "The answer depends on x alone, and it is \\boxed{71}.",
        "We reject the negative root and get \\boxed{71}.",
        "The number of people who never believe in luck is \\boxed{71}.",
        "Each wrong answer costs 1 point, which leaves \\boxed{71}.",
        "The number of wrong answers is \\boxed{71}.",
        "The factory rejected 71 bulbs.",
        "He may take no more than \\boxed{71}.",
    ],
)
def test_doubt_about_something_else_leaves_the_answer(text: str) -> None:
    assert find_answer(text) == "71"


@pytest.mark.parametrize(
    "behind",
    [
        " is incorrect.",
        "$. But that is clearly wrong!",
        "}. No, this can’t be right",
        " (wrong)",
        ", which isn't correct.",
        " was not the answer.",
        "? No.",
        " fails.",
    ],
)
def test_taken_back(behind: str) -> None:
    assert takes_back(behind)


@pytest.mark.parametrize(
    "behind",
    [".", " is right.", ". It is false that 4 is odd.", ". Wrong turns cost 2 minutes.", ". No more is needed."],
)
def test_not_taken_back(behind: str) -> None:
    assert not takes_back(behind)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is 71.\n\nWait, I forgot one: it is 72.", "72"),
        ("#### 71\n\nActually, 80 - 8 = 72.", "72"),
        ("\\boxed{71}\n\nOops. The total is 72.", "72"),
        ("\\boxed{71}. Wait, let me check: 80 - 9 = 71. Yes.", "71"),
        ("#### 71\n\nHmm, is it even? No.", "71"),
        ("The answer is 71. No further steps are needed for these 3 boxes.", "71"),
    ],
)
def test_a_replaced_answer(text: str, answer: str) -> None:
    assert find_answer(text) == answer


@pytest.mark.parametrize(
    "text", ["71. Actually 72", "71. No, 72.", "The answer is 71. The answer is 72.", "71 (wrong)"]
)
def test_within_a_place_the_first_of_two_is_no_answer(text: str) -> None:
    assert not is_right(f"<answer>{text}</answer>")


@pytest.mark.parametrize(
    "remark",
    [
        "Edit: a slip in step 3 is mended.",
        "Wait, 4 groups of 9. Yes, that is right.",
        "Hmm, this took 5 minutes.",
        "No, it's not 80.",
        "Actually, each of the 6 children gets 8.",
    ],
)
@pytest.mark.parametrize("answer", ["\\boxed{71}", "The answer is 71.", "#### 71\n"])
def test_a_remark_with_numbers_replaces_nothing(answer: str, remark: str) -> None:
    found = find_candidate(f"{answer}\n\n{remark}", Kind.NUMBER)
    assert found is not None
    assert (found.answer, found.refused) == ("71", "")


def test_a_page_behind_an_answer_replaces_nothing() -> None:
    assert replaces(". Wait, 9.", "8")
    assert not replaces(". Wait, 9." + " and so on" * 100, "8")


@pytest.mark.parametrize("piece", [" ", ". ", "no ", "that is ", "\n", "wait, "])
def test_long_texts_cost_no_more(piece: str) -> None:
    assert growth(lambda n: takes_back(piece * n), 200, 3200) < 8
    assert growth(lambda n: replaces(piece * n, "8"), 200, 3200) < 8
    assert growth(lambda n: is_doubted(piece * n), 200, 3200) < 8
