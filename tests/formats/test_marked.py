"""Formats that end in a marked answer: expectations written out by hand."""

import pytest

from whet.formats.base import Parsed
from whet.formats.built_in import BUILT_IN
from whet.formats.marked import Marked


def row(name: str) -> Marked:
    found = BUILT_IN[name]
    assert isinstance(found, Marked)
    return found


BOXED, GSM8K, PLAIN = row("boxed"), row("gsm8k"), row("plain")


@pytest.mark.parametrize(
    ("layout", "text", "bare"),
    [
        (BOXED, "37 + 45 = 82\n\\boxed{82}", "\\boxed{82}"),
        (GSM8K, "37 + 45 = 82\n#### 82", "#### 82"),
        (PLAIN, "37 + 45 = 82\n82", "82"),
    ],
)
def test_render(layout: Marked, text: str, bare: str) -> None:
    assert layout.render("37 + 45 = 82\n", " 82\n") == text
    assert layout.render("", "82") == bare
    assert layout.strict(text)
    assert layout.strict(bare)


def test_marks_in_a_solution_are_dropped() -> None:
    assert BOXED.render(r"so $\boxed{9}$ it is", "9") == "so ${9}$ it is\n\\boxed{9}"
    assert GSM8K.render("#### 8", "9") == "8\n#### 9"


@pytest.mark.parametrize(
    ("text", "strict", "soft"),
    [
        (r"It is $\boxed{82}$.", True, True),
        (r"It is \(\boxed{82}\).", True, True),
        (r"\boxed{81} no, \boxed{82}", False, True),
        (r"\boxed{82} apples", False, True),
        (r"\boxed{ }", False, False),
        (r"\boxed{82", False, False),
        ("82", False, False),
    ],
)
def test_boxed(text: str, strict: bool, soft: bool) -> None:
    assert (BOXED.strict(text), BOXED.soft(text)) == (strict, soft)


@pytest.mark.parametrize(
    ("text", "strict", "soft"),
    [
        ("steps\n#### 82", True, True),
        ("steps\n#### 82\n", True, True),
        ("steps #### 82", False, True),
        ("steps\n####82", False, True),
        ("steps\n#### 82\nmore", False, True),
        ("#### 81\n#### 82", False, False),
        ("steps\n####", False, False),
        ("82", False, False),
    ],
)
def test_gsm8k(text: str, strict: bool, soft: bool) -> None:
    assert (GSM8K.strict(text), GSM8K.soft(text)) == (strict, soft)


@pytest.mark.parametrize(
    ("text", "strict", "soft"),
    [
        ("37 + 45 = 82", True, True),
        ("It is **82**.", True, True),
        ("82 apples", False, True),
        ("none", False, False),
    ],
)
def test_plain(text: str, strict: bool, soft: bool) -> None:
    assert (PLAIN.strict(text), PLAIN.soft(text)) == (strict, soft)


@pytest.mark.parametrize(
    ("layout", "text", "parsed"),
    [
        (BOXED, r"a \boxed{1} b \boxed{2} c", Parsed(r"a \boxed{1} b", "2")),
        (BOXED, r"\boxed{2}", Parsed(None, "2")),
        (BOXED, "2", Parsed(None, None)),
        (GSM8K, "steps\n#### 1,080", Parsed("steps", "1,080")),
        (GSM8K, "#### 2\n#### 2", Parsed("#### 2", "2")),
        (PLAIN, "3 + 4 = 7", Parsed("3 + 4 =", "7")),
        (PLAIN, "it costs 3.50", Parsed("it costs", "3.50")),
        (PLAIN, "", Parsed(None, None)),
    ],
)
def test_parse(layout: Marked, text: str, parsed: Parsed) -> None:
    assert layout.parse(text) == parsed


def test_listing_answers_does_not_pay() -> None:
    assert GSM8K.parse("".join(f"#### {number}\n" for number in range(100))).answer is None
    assert BOXED.parse("".join(f"\\boxed{{{number}}}" for number in range(100))).answer == "99"
    assert PLAIN.parse(" ".join(map(str, range(100)))).answer == "99"
    assert BOXED.parse(r"\boxed{1, 2, 3}").answer == "1, 2, 3"


@pytest.mark.parametrize(
    ("layout", "text", "tags", "partial"),
    [
        (BOXED, r"\boxed{82}.", 1.0, 1.0),
        (BOXED, r"\boxed{82}" + "x" * 100, 0.9, 1.0),
        (BOXED, r"\boxed{82} \boxed{82}", 0.0, 1.0),
        (BOXED, r"\boxed{82", 0.0, 1.0),
        (BOXED, "82", 0.0, 0.0),
        (GSM8K, "#### 82", 1.0, 1.0),
        (GSM8K, "#### 82\n" + "x" * 100, 0.9, 1.0),
        (GSM8K, "### 82", 0.0, 0.0),
        (PLAIN, "82", 1.0, 1.0),
        (PLAIN, "82 apples", 0.994, 1.0),
        (PLAIN, "none", 0.0, 0.0),
    ],
)
def test_shares(layout: Marked, text: str, tags: float, partial: float) -> None:
    assert layout.tags(text) == pytest.approx(tags)
    assert layout.partial(text) == partial


@pytest.mark.parametrize(
    "blank", ["", " ", "\u200b", r"\,", "~", r"\quad", "...", "**", "<!-- 82 -->", r"\text{}", "?"]
)
def test_a_blank_answer_is_no_answer(blank: str) -> None:
    for layout, text in ((BOXED, f"37 + 45: \\boxed{{{blank}}}"), (GSM8K, f"37 + 45\n#### {blank}")):
        assert not layout.strict(text)
        assert not layout.soft(text)
        assert layout.tags(text) == 0.0


@pytest.mark.parametrize("name", ["boxed", "gsm8k", "plain"])
def test_an_opened_thought_is_closed_before_the_answer(name: str) -> None:
    layout = BUILT_IN[name]
    assert layout.opening_tag == ""
    assert layout.rest("", "3 + 4 = 7", "7") == layout.render("3 + 4 = 7", "7")
    rest = layout.rest("<thinking>\n", "3 + 4 = 7", "7")
    assert rest == f"3 + 4 = 7\n</thinking>\n\n{layout.render('', '7')}"
    assert layout.strict("<thinking>\n" + rest)


@pytest.mark.parametrize("name", ["boxed", "gsm8k", "plain"])
def test_an_answer_within_the_reasoning_is_not_the_answer(name: str) -> None:
    layout = BUILT_IN[name]
    thought = layout.render("37 + 45", "82")
    assert layout.parse(f"<think>{thought}</think>\nso").answer is None
    assert layout.parse(f"<think>{thought}</think>\n{layout.render('', '81')}").answer == "81"


@pytest.mark.parametrize("text", ["\\boxed{your answer}", "\\boxed{answer}", "\\boxed{the final answer}"])
def test_a_placeholder_is_no_answer(text: str) -> None:
    assert not BUILT_IN["boxed"].soft(text)
    assert BUILT_IN["boxed"].tags(text) == 0


@pytest.mark.parametrize("name", ["boxed", "gsm8k", "plain"])
def test_every_score_looks_behind_the_reasoning(name: str) -> None:
    layout = BUILT_IN[name]
    thought, other = layout.render("37 + 45", "82"), layout.render("", "81")
    inside = f"<think>{thought}</think>\nso"
    assert (layout.strict(inside), layout.soft(inside), layout.tags(inside), layout.partial(inside)) == (
        False,
        False,
        0.0,
        0.0,
    )
    both = f"<think>{thought}</think>\n{other}"
    assert (layout.strict(both), layout.soft(both), layout.tags(both), layout.partial(both)) == (True, True, 1.0, 1.0)
