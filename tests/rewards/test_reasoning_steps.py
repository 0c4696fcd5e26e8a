"""Steps that can be seen."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.formats import BUILT_IN
from whet.rewards.reasoning_steps import ReasoningStepsParams, count_steps, reasoning_steps


@pytest.mark.parametrize(
    ("reasoning", "steps"),
    [
        ("", 0),
        ("30 + 40 = 70, 7 + 5 = 12, 37 + 45 = 82", 0),
        ("Step 1: 30 + 40 = 70\nStep 2: 7 + 5 = 12", 2),
        ("**Step 1:** 30 + 40 = 70\n### Step 2\n7 + 5 gives twelve", 2),
        ("1. Add the tens.\n2. Add the ones.\n3) Add both sums.", 3),
        ("- add the tens\n* add the ones\n• add both sums", 3),
        ("First, add the tens. Then add the ones. Finally, add both.", 3),
        ("First add the tens; next, add the ones; lastly both sums.", 3),
        ("Firstly, add the tens.\nSecondly, the ones.\nAfter that, both sums.", 3),
        ("3.5 apples and 2.5 pears\n12 more apples", 0),
        ("-5 degrees outside\n*bold words here*", 0),
        ("The first apple and the next pear are what is left then.", 0),
        ("Step 1:\nStep 2:\nStep 3:\n", 0),
        ("- add them up\n- add them up\n- Add them up!", 1),
        ("stepping 1 further, nextdoor", 0),
    ],
)
def test_by_hand(reasoning: str, steps: int) -> None:
    assert count_steps(reasoning) == steps


@pytest.mark.parametrize(("wanted", "value"), [(1, 1.0), (2, 1.0), (3, 2 / 3), (4, 0.5)])
def test_the_share_of_the_steps_that_are_enough(wanted: int, value: float) -> None:
    text = "<think>1. Add the tens.\n2. Add the ones.</think> <answer>\n- no step of the\n- reasoning at all</answer>"
    reward = reasoning_steps(BUILT_IN["think_answer"], ReasoningStepsParams(steps=wanted))
    assert reward(prompts=[], completions=[text], completion_ids=[]) == pytest.approx([value])


@given(st.lists(st.text("abcd ", min_size=8, max_size=20), max_size=8), st.integers(1, 6))
def test_one_line_more_never_costs(lines: list[str], wanted: int) -> None:
    reward = reasoning_steps(None, ReasoningStepsParams(steps=wanted))
    texts = ["\n".join(f"{n}. {line}" for n, line in enumerate(lines[:count], 1)) for count in range(len(lines) + 1)]
    values = reward(prompts=[], completions=texts, completion_ids=[])
    assert all(value is not None and 0 <= value <= 1 for value in values)
    assert values == sorted(values, key=lambda value: value or 0.0)


def test_in_every_format() -> None:
    for layout in BUILT_IN.values():
        text = layout.render("1. Add the tens.\n2. Add the ones.\n3. Add both sums.", "82")
        assert reasoning_steps(layout, ReasoningStepsParams())(prompts=[], completions=[text], completion_ids=[]) == [
            1.0
        ]


@pytest.mark.parametrize("piece", ["- ", "1. ", "\n", " ", "# ", "step 1", ". then", "**", "> "])
def test_a_long_text_ends_soon(piece: str) -> None:
    start = time.process_time()
    assert count_steps(piece * (300_000 // len(piece))) >= 0
    assert time.process_time() - start < 5


QUESTION = "A baker sells 14 loaves in the morning and 9 in the evening. How many loaves does she sell?"


@pytest.mark.parametrize(
    ("reasoning", "steps"),
    [
        ("Step 1: Step 2: Step 3:", 0),
        ("Step 1: Step 2: Step 3: Step 4: Step 5:\nStep 6: Step 7: Step 8:", 0),
        ("Step 1: \u200b\u200b\u200b\u200b\u200b\u200b\nStep 2: \u2060\u2060\u2060\u2060\u2060\u2060", 0),
        ("Step 1: \\quad\\quad\nStep 2: \\phantom{nine loaves}", 0),
        ("1. ........\n2. ----------\n3. !!!!!!!!!", 0),
        ("- <!-- add them -->\n- <!-- then more -->", 0),
        ("First, then, finally. Next, lastly.", 0),
        ("Step 1: this is step 1 here\nStep 2: this is step 2 here\nStep 3: this is step 3 here", 1),
        ("Step 1: Add the loaves.\nStep 2: add, the loaves!\nStep 3: **ADD THE LOAVES**", 1),
        ("Step 1: Add all the loaves.\nStep 2: the loaves all add.", 1),
        ("Step 1: A baker sells 14 loaves in the morning\nStep 2: How many loaves does she sell?", 0),
        ("Step 1: 23 loaves\nStep 2: The answer is 23 loaves\nStep 3: So it is 23 loaves", 0),
        ("Step 1: 14 in the morning.\nStep 2: 9 in the evening.\nStep 3: 14 + 9 = 23.", 3),
    ],
)
def test_empty_steps_and_copies_are_no_steps(reasoning: str, steps: int) -> None:
    assert count_steps(reasoning, QUESTION, "23 loaves") == steps


def test_question_and_answer_are_those_of_the_rollout() -> None:
    steps = "1. A baker sells 14 loaves in the morning.\n2. The answer is 23.\n3. 14 + 9 = 23"
    text = f"<think>{steps}</think> <answer>23</answer>"
    reward = reasoning_steps(BUILT_IN["think_answer"], ReasoningStepsParams())
    for prompt in (QUESTION, [{"role": "user", "content": QUESTION}]):
        assert reward(prompts=[prompt], completions=[text], completion_ids=[]) == [pytest.approx(1 / 3)]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("1. ----------\n2. ==========\n3. ~~~~~~~~~", 0),
        ("Step 1: Step one\nStep 2: Step two\nStep 3: Step three", 0),
        ("1. the answer is 82\n2. so the answer is 82\n3. the answer is 82.", 0),
        ("- line 10\n- line 20\n- line 30", 1),
        ("1. xxxxxx\n2. yyyyyy\n3. lalala", 0),
        ("- 7 + 5 = 12\n- 30 + 40 = 70\n- 12 + 70 = 82", 3),
    ],
)
def test_steps_without_news(text: str, steps: int) -> None:
    assert count_steps(text) == steps
