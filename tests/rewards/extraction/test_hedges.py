"""Two answers for one: many connectors, in every place, and neither answer is paid."""

import pytest

from whet.formats import BUILT_IN
from whet.rewards.correctness import AccuracyParams, accuracy
from whet.rewards.extraction.hedges import hedged, joins, same_breath

CONNECTORS = [
    " or ",
    " and/or ",
    " and ",
    "/",
    " / ",
    "; ",
    " | ",
    " - ",
    " – ",
    " to ",
    " vs ",
    " vs. ",
    " versus ",
    " but maybe ",
    " or maybe ",
    " maybe ",
    " perhaps ",
    " possibly ",
    " or else ",
    " alternatively ",
    " otherwise ",
    " if not ",
    " unless it is ",
    " rather ",
    " nor ",
    " then ",
    " followed by ",
    " as well as ",
    " also ",
    " plus ",
    " with ",
    " => ",
    " → ",
    " & ",
    " + or ",
    " could be ",
    " might be ",
    " it may also be ",
    " second guess ",
    " aka ",
    " if that is wrong ",
    " failing that ",
    " or at least ",
    " or equivalently ",
    " in other words ",
    " else ",
    "\\quad ",
    " \\lor ",
    " \\text{ or } ",
    " \\text{ and } ",
    ", ",
    ". Or ",
    ", or maybe ",
    ", perhaps ",
    ", alternatively ",
    ", it may also be ",
    ", could be ",
    ", else ",
    " ",
    " || ",
]
PAIRS = [
    ("18", "20"),
    ("1/2", "1/3"),
    ("0.5", "0.25"),
    ("-3", "3"),
    ("\\frac{3}{4}", "\\frac{2}{3}"),
    ("B", "C"),
    ("yes", "no"),
    ("Paris", "London"),
    ("50%", "60%"),
    ("5 cm", "6 cm"),
    ("1,080", "2,160"),
]
PLACES = {
    "So \\boxed{%s}.": None,
    "<answer>%s</answer>": None,
    "Steps.\n#### %s": None,
    "The answer is %s.": None,
    "So it is %s.": None,
    "<think>a</think> <answer>%s</answer>": "think_answer",
}


@pytest.mark.parametrize("place", PLACES)
def test_neither_of_two_answers_is_paid(place: str) -> None:
    """Compared as text or number only, so that computer algebra cannot hide what extraction lets through."""
    grade = accuracy(BUILT_IN.get(PLACES[place] or ""), AccuracyParams(), equal=lambda given, gold: given == gold)
    rows = [(place % f"{a}{middle}{b}", gold) for middle in CONNECTORS for a, b in PAIRS for gold in (a, b)]
    texts, golds = [text for text, _ in rows], [gold for _, gold in rows]
    marks = grade(prompts=[""] * len(rows), completions=texts, completion_ids=[], answer=golds)
    assert [row for row, mark in zip(rows, marks, strict=True) if mark] == []


@pytest.mark.parametrize(
    "text", ["\\boxed{18} or \\boxed{20}", "\\boxed{18}\n\\boxed{20}", "#### 18\n#### 20", "18 (maybe 20)"]
)
def test_neither_of_two_places_is_paid(text: str) -> None:
    grade = accuracy(None, AccuracyParams())
    assert grade(prompts=["", ""], completions=[text] * 2, completion_ids=[], answer=["18", "20"]) == [0.0, 0.0]


def test_a_revision_replaces_what_was_said() -> None:
    grade = accuracy(None, AccuracyParams())
    text = "\\boxed{18}. No wait, checking again it is \\boxed{20}"
    assert grade(prompts=["", ""], completions=[text] * 2, completion_ids=[], answer=["18", "20"]) == [0.0, 1.0]


def test_what_is_rejected_is_no_second_answer() -> None:
    grade = accuracy(None, AccuracyParams())
    text = "The answer is 19, not 18."
    assert grade(prompts=["", ""], completions=[text] * 2, completion_ids=[], answer=["18", "19"]) == [0.0, 1.0]


def test_words() -> None:
    assert [hedged(text) for text in ("18 or 20", "for the floor")] == [True, False]
    assert [joins(gap) for gap in (", or maybe ", " boxes, so ", " = ")] == [True, False, False]
    assert [same_breath(gap) for gap in (" or ", ". No, I forgot the tax: ")] == [True, False]
