"""Text to parts, however finely it is chopped."""

from collections.abc import Sequence
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.chat.parts import PartReader, layout_of
from whet.config import FormatConfig, TagsConfig
from whet.formats import BUILT_IN, ResponseFormat, build_format

THINK = BUILT_IN["think_answer"]
SCRATCH = build_format(FormatConfig(name="custom", custom=TagsConfig(tags=["scratch", "check", "final"])))
ONLY_ANSWER = build_format(FormatConfig(name="custom", custom=TagsConfig(tags=["answer"])))


def parts(response_format: ResponseFormat | None, chunks: Sequence[str], opening: str = "") -> list[tuple[str, str]]:
    """(part, text) in order, neighbours of one part joined."""
    reader = PartReader(layout_of(response_format), opening)
    pieces = [piece for chunk in chunks for piece in reader.feed(chunk)] + list(reader.finish())
    assert all(piece.text for piece in pieces)
    grouped = groupby(pieces, key=lambda piece: piece.part)
    return [(part, "".join(piece.text for piece in some)) for part, some in grouped]


@pytest.mark.parametrize(
    ("response_format", "text", "expected"),
    [
        (
            THINK,
            "<think>2+2</think> <answer>4</answer>",
            [("reasoning", "2+2"), ("other", " "), ("answer", "4")],
        ),
        (THINK, "So <answer>4</answer>!", [("other", "So "), ("answer", "4"), ("other", "!")]),
        (THINK, "<think>a <answer>5</answer> b</think>c", [("reasoning", "a 5 b"), ("other", "c")]),
        (THINK, "<think>if 3 < 4", [("reasoning", "if 3 < 4")]),
        (THINK, "<think>half a tag </thi", [("reasoning", "half a tag </thi")]),
        (THINK, "", []),
        (ONLY_ANSWER, "<answer>4</answer>", [("answer", "4")]),
        (
            BUILT_IN["gsm8k"],
            "2+2=4\n#### 4\nDone",
            [("reasoning", "2+2=4\n"), ("answer", "4"), ("other", "Done")],
        ),
        (BUILT_IN["boxed"], r"so \boxed{4}.", [("reasoning", r"so \boxed{4}.")]),
        (BUILT_IN["plain"], "2 + 2 = 4", [("reasoning", "2 + 2 = 4")]),
        (None, "<think>2 + 2</think>", [("other", "<think>2 + 2</think>")]),
    ],
)
def test_parts(response_format: ResponseFormat | None, text: str, expected: list[tuple[str, str]]) -> None:
    assert parts(response_format, [text]) == expected
    assert parts(response_format, list(text)) == expected


def test_parts_between_reasoning_and_answer_are_neither() -> None:
    text = "<scratch>1</scratch> <check>2</check> <final>3</final>"
    assert parts(SCRATCH, [text]) == [("reasoning", "1"), ("other", " 2 "), ("answer", "3")]


def test_reasoning_that_the_prompt_opened() -> None:
    assert parts(THINK, ["2+2</think><answer>4</answer>"], opening="<think>\n") == [
        ("reasoning", "2+2"),
        ("answer", "4"),
    ]


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", "<", "/", "a", " 4", ">"])),
    st.lists(st.integers(0, 60)),
)
def test_how_a_text_is_chopped_does_not_matter(words: list[str], cuts: list[int]) -> None:
    text = "".join(words)
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    chunks = [text[start:end] for start, end in pairwise(places)]
    assert parts(THINK, chunks) == parts(THINK, [text])


@pytest.mark.parametrize("name", ["think_answer", "reasoning_answer", "gsm8k"])
def test_what_is_read_along_is_what_the_format_reads(name: str) -> None:
    text = BUILT_IN[name].render("12 * 6 = 72\nso 72", "72")
    found = {part: said.strip() for part, said in parts(BUILT_IN[name], list(text)) if said.strip()}
    assert found == {"reasoning": "12 * 6 = 72\nso 72", "answer": "72"}
    assert BUILT_IN[name].parse(text).answer == "72"
