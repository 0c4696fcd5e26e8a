"""Formats between tags: expectations written out by hand."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from whet.formats.base import Parsed
from whet.formats.content import is_placeholder
from whet.formats.tagged import Tagged

INLINE = Tagged("think_answer", "", ("think", "answer"))
LINES = Tagged("reasoning_answer", "", ("reasoning", "answer"), lines=True)
THREE = Tagged("reasoning_output_answer", "", ("reasoning", "output", "answer"), lines=True)
ONE = Tagged("custom", "", ("answer",))


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (INLINE, "<think>37 + 45 = 82</think> <answer>82</answer>"),
        (LINES, "<reasoning>\n37 + 45 = 82\n</reasoning>\n<answer>\n82\n</answer>"),
        (
            THREE,
            "<reasoning>\n37 + 45 = 82\n</reasoning>\n<output>\nThe answer is 82.\n</output>\n<answer>\n82\n</answer>",
        ),
        (ONE, "<answer>82</answer>"),
    ],
)
def test_render(layout: Tagged, text: str) -> None:
    assert layout.render("37 + 45 = 82\n", " 82 ") == text
    assert layout.strict(text)


def test_an_empty_solution_still_says_something() -> None:
    assert INLINE.render("", "82") == "<think>The answer is 82.</think> <answer>82</answer>"
    assert INLINE.strict(INLINE.render(" \n", "82"))


def test_tags_in_a_solution_are_dropped() -> None:
    text = INLINE.render("<think>37 + 45</think> is <answer>82</answer>", "82")
    assert text == "<think>37 + 45 is 82</think> <answer>82</answer>"


@pytest.mark.parametrize(
    ("text", "strict", "soft"),
    [
        ("<think>a</think> <answer>1</answer>", True, True),
        ("  <think>a\nb</think> <answer>1</answer>\n", True, True),
        ("<think>a</think><answer>1</answer>", False, True),
        ("<think>a</think>\n<answer>1</answer>", False, True),
        ("<think>a</think> <answer>1</answer> and more", False, False),
        ("So: <think>a</think> <answer>1</answer>", False, False),
        ("<think>a</think> so <answer>1</answer>", False, False),
        ("<answer>1</answer> <think>a</think>", False, False),
        ("<think>a</think> <answer>1</answer> <answer>1</answer>", False, False),
        ("<think><think>a</think> <answer>1</answer>", False, False),
        ("<think></think> <answer>1</answer>", False, False),
        ("<think>a</think> <answer> </answer>", False, False),
        ("a</think> <answer>1</answer>", False, False),
        ("<think>a</think> <answer>1", False, False),
        ("", False, False),
    ],
)
def test_compliance(text: str, strict: bool, soft: bool) -> None:
    assert (INLINE.strict(text), INLINE.soft(text)) == (strict, soft)


@pytest.mark.parametrize(
    "text",
    [
        "<reasoning>a</reasoning>\n<answer>1</answer>",
        "<reasoning>\na\n</reasoning> <answer>\n1\n</answer>",
        "<reasoning>\na\n</reasoning>\n\n<answer>\n1\n</answer>",
    ],
)
def test_lines_are_part_of_the_strict_layout(text: str) -> None:
    assert not LINES.strict(text)
    assert LINES.soft(text)


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think> a </think> <answer> 1 </answer>", "a", "1"),
        ("a</think> <answer>1</answer>", "a", "1"),  # the prompt opened the reasoning
        ("<answer>1</answer>", None, "1"),
        ("<think>a <answer>1</answer>", None, "1"),
        ("<think>a</think>", "a", None),
        ("<think>a</think> <answer>1", "a", None),
        ("<think>a</think> 1", "a", None),
        ("<think></think> <answer></answer>", "", ""),
        ("82", None, None),
    ],
)
def test_parse(text: str, reasoning: str | None, answer: str | None) -> None:
    assert INLINE.parse(text) == Parsed(reasoning, answer)


def test_an_answer_inside_the_reasoning_is_a_thought() -> None:
    assert INLINE.parse("<think>perhaps <answer>1</answer></think>").answer is None
    assert INLINE.parse("<think>perhaps <answer>1</answer></think> <answer>2</answer>").answer == "2"


def test_the_part_between_is_neither() -> None:
    text = "<reasoning>a</reasoning> <output>b <answer>9</answer></output> <answer>1</answer>"
    assert THREE.parse(text) == Parsed("a", "1", "b <answer>9</answer>")
    assert THREE.parse("<reasoning>a</reasoning> <answer>1</answer>").output is None


@pytest.mark.parametrize("gold", ["1", "2", "3"])
def test_listing_answers_gives_none(gold: str) -> None:
    listed = "".join(f"<answer>{number}</answer>" for number in (1, 2, 3))
    assert INLINE.parse(f"<think>a</think> {listed}").answer is None
    assert INLINE.parse(listed * 2).answer is None
    assert INLINE.parse(f"<answer>{gold}</answer> again <answer>{gold}</answer>").answer == gold


@pytest.mark.parametrize(
    ("text", "tags", "partial"),
    [
        ("<think>a</think> <answer>1</answer>", 1.0, 1.0),
        ("<think>a</think> <answer>1</answer>" + "x" * 100, 0.9, 1.0),
        ("<think>a</think> <answer>1</answer>" + "x" * 5000, 0.0, 1.0),
        ("a</think> <answer>1</answer>", 0.75, 0.75),
        ("<think>a", 0.25, 0.25),
        ("<think><think>a</think> <answer>1</answer>", 0.75, 1.0),
        ("<answer>" * 9, 0.0, 0.25),
        ("82", 0.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_shares(text: str, tags: float, partial: float) -> None:
    assert INLINE.tags(text) == pytest.approx(tags)
    assert INLINE.partial(text) == pytest.approx(partial)


words = st.text(st.characters(blacklist_characters="<>\\&", blacklist_categories=["Cs"]))


@given(solution=words, answer=words.filter(lambda text: any(map(str.isalnum, text))))
@pytest.mark.parametrize("layout", [INLINE, LINES, THREE, ONE])
def test_what_is_rendered_complies_and_is_read_back(layout: Tagged, solution: str, answer: str) -> None:
    assume(not is_placeholder(answer))
    text = layout.render(solution, answer)
    assert layout.strict(text)
    assert layout.soft(text)
    assert layout.tags(text) == layout.partial(text) == 1.0
    assert layout.parse(text).answer == answer.strip()


BLANK = [
    ("", "nothing"),
    (" \n\t", "white space"),
    ("\u00a0\u2003", "no-break and em spaces"),
    ("\u200b\u200d\ufeff", "zero-width characters"),
    ("\u3164", "a Hangul filler"),
    (r"\, \; \quad ~ \hspace{2em} \phantom{82}", "LaTeX spacing"),
    (r"$ $ \( \)", "empty formulas"),
    (r"\text{} \mbox{ }", "empty LaTeX text"),
    ("<!-- 37 + 45 = 82 -->", "a comment"),
    ("&nbsp;&#8203;<br/>", "entities"),
    ("... --- !?", "punctuation"),
    ("**__** ## > - ``` | |", "Markdown"),
    ("====", "a rule"),
]


@pytest.mark.parametrize("blank", [text for text, _ in BLANK], ids=[name for _, name in BLANK])
@pytest.mark.parametrize("layout", [INLINE, LINES, THREE, ONE])
def test_a_blank_part_is_no_part(layout: Tagged, blank: str) -> None:
    full = ["it is so"] * len(layout.parts)
    assert layout.strict(layout.layout(full))
    for place, part in enumerate(layout.parts):
        text = layout.layout([*full[:place], blank, *full[place + 1 :]])
        assert not layout.strict(text)
        assert not layout.soft(text)
        assert layout.tags(text) == pytest.approx(1 - 1 / (2 * len(layout.parts))), part


@pytest.mark.parametrize(
    ("text", "at_most"),
    [
        ("</answer>1<answer></think>a<think>", 0.25),
        ("<answer>1</answer> <think>a</think>", 0.5),
        ("</think>a<think> <answer>1</answer>", 0.75),
        ("<think>a<answer>1</think></answer>", 0.75),
        ("<think>a<answer>1</answer></think>", 0.75),
        ("<think>a</think> <think>b</think> <answer>1</answer>", 0.5),
        ("<think>a</think> <answer>1</answer> <answer>2</answer>", 0.5),
        ("<think>your reasoning</think> <answer>the final answer</answer>", 0.5),
        ("u" * 300 + "<think>a</think> <answer>1</answer>", 0.7),
        ("<think>a</think>" + "v" * 300 + "<answer>1</answer>", 0.7),
        ("<think>a</think> <answer>1</answer>" + "w" * 300, 0.7),
        ("u" * 150 + "<think>a</think>" + "v" * 150 + "<answer>1</answer>" + "w" * 150, 0.55),
        ("z" * 9000 + "<think>a</think> <answer>1</answer>", 0.0),
    ],
)
def test_tags_that_make_no_layout_earn_little(text: str, at_most: float) -> None:
    assert INLINE.tags(text) <= at_most + 1e-9
    assert not INLINE.strict(text)
    assert not INLINE.soft(text)


def test_text_before_an_answer_costs_nothing_where_the_reasoning_has_no_tag() -> None:
    """So the reward climbs from a response without tags to one with the last, whatever its length."""
    assert INLINE.tags("steps " * 200 + "<answer>1</answer>") == 0.5
    assert INLINE.tags("steps " * 200 + "</think> <answer>1</answer>") == 0.75


@given(st.lists(st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", "a", " ", "1"]), max_size=12))
def test_full_marks_are_for_complete_layouts_only(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert 0.0 <= INLINE.tags(text) <= 1.0
    assert (INLINE.tags(text) == 1.0) == INLINE.soft(text)


@pytest.mark.parametrize(
    ("layout", "opening", "rest"),
    [
        (INLINE, "", "<think>3 + 4 = 7</think> <answer>7</answer>"),
        (INLINE, "<think>", "3 + 4 = 7</think> <answer>7</answer>"),
        (INLINE, "<think>\n", "3 + 4 = 7</think> <answer>7</answer>"),
        (LINES, "<reasoning>", "\n3 + 4 = 7\n</reasoning>\n<answer>\n7\n</answer>"),
        (LINES, "<reasoning>\n", "3 + 4 = 7\n</reasoning>\n<answer>\n7\n</answer>"),
    ],
)
def test_the_rest_of_what_the_prompt_opened_keeps_the_layout(layout: Tagged, opening: str, rest: str) -> None:
    assert layout.rest(opening, "3 + 4 = 7", "7") == rest
    assert layout.strict(opening + rest)
    assert (INLINE.opening_tag, LINES.opening_tag, ONE.opening_tag) == ("think", "reasoning", "answer")
