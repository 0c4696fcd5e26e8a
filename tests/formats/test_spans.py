"""Where answers stand, and that finding them takes linear time."""

import time
from collections.abc import Callable

import pytest

from whet.formats.spans import Span, boxes, hash_lines, last_number, numbers, tag_blocks


def answers(spans: list[Span]) -> list[str]:
    return [span.answer for span in spans]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"so \boxed{82}.", ["82"]),
        (r"\boxed {82}", ["82"]),
        (r"\boxed{\frac{1}{2}} or \boxed{\{1, 2\}}", [r"\frac{1}{2}", r"\{1, 2\}"]),
        (r"\boxed{\left\{ x \right.}", [r"\left\{ x \right."]),
        (r"\boxed{a + \boxed{b}}", ["b", r"a + \boxed{b}"]),
        (r"\\boxed{82}", ["82"]),
        (r"\boxed{82", []),
        (r"} \boxed{82} }", ["82"]),
        ("82", []),
        ("", []),
    ],
)
def test_boxes(text: str, found: list[str]) -> None:
    assert answers(boxes(text)) == found


def test_a_box_knows_where_it_stands() -> None:
    before, part, after = boxes(r"a \boxed{82} b")[0].cut(r"a \boxed{82} b")
    assert (before, part, after) == ("a ", r"\boxed{82}", " b")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("steps\n#### 72", ["72"]),
        ("#### 1,080 \n#### -3", ["1,080 ", "-3"]),
        ("####72", ["72"]),
        ("##### A heading", []),
        ("### A heading", []),
        ("####", [""]),
    ],
)
def test_hash_lines(text: str, found: list[str]) -> None:
    assert answers(hash_lines(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("37 + 45 = 82", ["37", "45", "82"]),
        ("10-3 is 7, 3 - 10 = -7", ["10", "3", "7", "3", "10", "-7"]),
        ("$1,080.50 and .5 and 3.", ["1,080.50", ".5", "3"]),
        ("1,2,3 and 1234,567 and 0,100", ["1", "2", "3", "1234", "567", "0", "100"]),
        ("−4 (-5)", ["−4", "-5"]),
        ("f(x)-3", ["3"]),
        ("none", []),
    ],
)
def test_numbers(text: str, found: list[str]) -> None:
    assert answers(list(numbers(text))) == found
    assert answers(last_number(text)) == found[-1:]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<a>1</a>", ["1"]),
        ("<a>1</a><a>2</a>", ["1", "2"]),
        ("<a>1 <a>2</a>", ["2"]),
        ("<a>1", []),
        ("1</a>", []),
        ("<b>1</b>", []),
    ],
)
def test_tag_blocks(text: str, found: list[str]) -> None:
    assert tag_blocks(text, "a") == found


@pytest.mark.parametrize("find", [boxes, hash_lines, last_number, lambda text: tag_blocks(text, "a")])
@pytest.mark.parametrize(
    "piece", [r"\boxed{", "}", "{", "#### ", "#", "1,", "1-", "9", "<a>", "</a>", "\\", "\x00\ud800"]
)
def test_a_hostile_text_takes_linear_time(find: Callable[[str], object], piece: str) -> None:
    """Half a million characters; quadratic work would take minutes."""
    text = piece * (500_000 // len(piece))
    start = time.process_time()
    find(text)
    assert time.process_time() - start < 5
