"""Each place where an answer can stand, with what stands around it."""

import pytest

from whet.rewards.answer import find_answer, find_candidate
from whet.rewards.extraction.candidate import Kind
from whet.rewards.extraction.places import RULES, Rule, boxed, hashed, labelled, rivals, stated, tagged


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("so $-\\boxed{256}$", "-256"),
        ("= -\\boxed{256}", "-256"),
        ("x = minus \\boxed{4}", "-4"),
        ("$12 - 5 = \\boxed{7}$", "7"),
        ("$2\\boxed{3}$", "2(3)"),
        ("$\\boxed{3}\\pi$", "3\\pi"),
        ("$\\boxed{3}^2$", "3^2"),
        ("$\\boxed{50}\\%$", "50\\%"),
        ("a profit of 90-20=$70\n\\boxed{70}", "70"),  # a currency's `$`, and GSM8K's last line
        ("\\fbox{42}", "42"),
        ("$3+\\boxed{8}=11$", "8"),
        ("\\boxed{7}. No, \\boxed{9", "9"),
    ],
)
def test_boxes_with_what_stands_at_them(text: str, inside: str) -> None:
    assert boxed(text, Kind.NUMBER)[-1].text == inside


def test_what_never_closes_is_noted() -> None:
    assert boxed("\\boxed{7}. No, \\boxed{9", Kind.NUMBER)[-1].notes == ("the brace never closes",)
    assert tagged("<answer>7", Kind.NUMBER)[-1].notes == ("the tag never closes",)


def test_tags_in_any_case() -> None:
    assert [place.text for place in tagged("<ANSWER>1</ANSWER> <answer >2</answer>", Kind.NUMBER)] == ["1", "2"]


def test_headings_are_no_answers() -> None:
    assert [place.text for place in hashed("#### Step 1: add\n5\n#### Verification\n#### 18", Kind.NUMBER)] == ["18"]


@pytest.mark.parametrize(
    ("text", "said", "strong"),
    [
        ("The answer is 82. That took 3 steps.", "82", False),
        ("Final Answer: The final answer is $5$. I hope.", "5$", True),
        ("### Final Answer\n\n**73 people**", "**73 people**", True),
        ("**Answer:** 82 apples", "82 apples", True),
        ("12 is the answer, as shown", "12", False),
        ("Option B is the answer.", "Option B", False),
        ("The answer is 18. Or 20.", "18. Or 20", False),
        ("The answer is 18 ... 20.", "18 ... 20", False),
        ("The answer is 18... Let me see.", "18..", False),
    ],
)
def test_statements(text: str, said: str, strong: bool) -> None:
    place = stated(text, Kind.NUMBER)[-1]
    assert (place.text, place.strong) == (said, strong)


def test_labels() -> None:
    assert labelled("She has 13 left\nA: 26", Kind.NUMBER)[-1].text == "26"


def test_rivals_stand_in_one_breath() -> None:
    text = "\\boxed{1} or \\boxed{2}"
    assert [place.text for place in rivals(boxed(text, Kind.NUMBER), text)] == ["1", "2"]
    text = "\\boxed{1}. No, I forgot one: \\boxed{2}"
    assert [place.text for place in rivals(boxed(text, Kind.NUMBER), text)] == ["2"]


def test_the_table_names_each_rule_once() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(isinstance(rule, Rule) for rule in RULES)


@pytest.mark.parametrize(
    "text",
    [
        "so she makes $720 + $270 = $990\n\\boxed{990}",  # an odd number of prices in the line before
        "It costs $5\n\n\\boxed{5}",
        "He pays $3 + $4 = $7, so \\boxed{7}",
        "The total is 18 $ 18\n\\boxed{18}",
        "4 * 15 = $$60\nIn all 150 + 60 = $210\n\\boxed{210}",
    ],
)
def test_a_price_opens_no_formula(text: str) -> None:
    (place,) = boxed(text, Kind.NUMBER)
    assert place.text == text.rpartition("{")[2].removesuffix("}")
    assert place.notes == ()


def test_a_factor_in_the_same_formula_counts() -> None:
    for text in ("$2 \\cdot \\boxed{5}$", "$$\n2\\boxed{5}\n$$", "\\[ 2 \\boxed{5} \\]"):
        (place,) = boxed(text, Kind.NUMBER)
        assert place.text.replace(" ", "").replace("\\cdot", "") == "2(5)", text
        assert place.notes


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is \\boxed{5}. Wait, it is not \\boxed{5}.", None),
        ("\\boxed{4}. No, \\boxed{5}. NOT \\boxed{ 5 } either.", None),
        ("It is \\boxed{6}, not \\boxed{5}.", "6"),
        ("It is \\boxed{5}. No, it is not \\boxed{5}, but \\boxed{6}.", "6"),
        ("It is not \\boxed{5}. After all, it is \\boxed{5}.", "5"),
        ("It is not \\boxed{5}.", None),
    ],
)
def test_a_box_that_is_taken_back_gives_no_answer(text: str, answer: str | None) -> None:
    place = boxed(text, Kind.NUMBER)[-1]
    assert (None if place.refused else place.text) == answer
    assert find_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Put it into \\boxed{your answer}.\n\\boxed{44}", "44"),
        ("$\\boxed{\\frac14}$, or in decimals $\\boxed{0.25}$", "0.25"),
        ("\\boxed{25\\%} or \\boxed{0.25}", "0.25"),
        ("Write \\boxed{n}. 88/2 = 44.\n\n\\boxed{44}", "44"),
        ("\\boxed{44} or \\boxed{45}", None),
    ],
)
def test_two_boxes(text: str, answer: str | None) -> None:
    found = find_candidate(text, Kind.NUMBER)
    assert found
    assert (None if found.refused else found.answer) == answer


@pytest.mark.parametrize("text", ["Is the answer is 44?", "I doubt the answer is 44.", "The wrong answer is 44."])
def test_a_doubted_statement_is_none(text: str) -> None:
    assert stated(text, Kind.NUMBER) == []


def test_a_quoted_line_below_a_heading() -> None:
    assert [place.text for place in stated("**Answer**\n\n> 44", Kind.NUMBER)] == ["44"]
