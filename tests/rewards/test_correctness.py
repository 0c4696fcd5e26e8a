"""Right or wrong, with and without a format."""

import json
from functools import partial
from pathlib import Path

import pytest

from whet.errors import UserError
from whet.formats import BUILT_IN
from whet.rewards.correctness import AccuracyParams, accuracy, exact_match, integer, last_integer

THINK = BUILT_IN["think_answer"]

STRICT, LENIENT = AccuracyParams(), AccuracyParams(lenient=True)


def grade(reward: object, texts: list[str], gold: str | None = "82") -> list[float | None]:
    assert callable(reward)
    plain = reward(prompts=["q"] * len(texts), completions=texts, completion_ids=[], answer=[gold] * len(texts))
    chat = reward(
        prompts=[[]] * len(texts),
        completions=[[{"role": "assistant", "content": text}] for text in texts],
        completion_ids=[],
        answer=[gold] * len(texts),
        trainer_state=None,
        log_metric=print,
        other=[1],
    )
    assert plain == chat
    return list(plain)


def test_accuracy_keeps_to_the_format() -> None:
    texts = [
        "<think>a</think> <answer>82.0</answer>",
        "<answer>83</answer>",
        "The answer is 82.",
        "\\boxed{82}",
        "",
    ]
    assert grade(accuracy(THINK, STRICT), texts) == [1, 0, 0, 0, 0]
    assert grade(accuracy(THINK, LENIENT), texts) == [1, 0, 1, 1, 0]
    assert grade(accuracy(None, STRICT), texts) == [1, 0, 1, 1, 0]


def test_a_list_of_answers_is_wrong_even_leniently() -> None:
    every = "".join(f"<answer>{number}</answer>" for number in range(83))
    assert grade(accuracy(THINK, STRICT), [every]) == [0]
    inside = "<answer>81, 82, 83</answer>"
    assert grade(accuracy(THINK, STRICT), [inside]) == grade(accuracy(THINK, LENIENT), [inside]) == [0]


def test_copying_the_question_is_no_answer() -> None:
    assert grade(accuracy(THINK, STRICT), ["<answer>37 + 45</answer>", "<answer>37 + 45 = 82</answer>"]) == [0, 1]


def test_exact_match_is_letter_by_letter() -> None:
    texts = ["<answer> 82 </answer>", "<answer>82.0</answer>", "82"]
    assert grade(exact_match(THINK), texts) == [1, 0, 0]


def test_integer_asks_for_a_whole_number_only() -> None:
    texts = [
        "<answer>7</answer>",
        "<answer>1,080</answer>",
        "<answer>7.5</answer>",
        "<answer>a lot</answer>",
        "7",
    ]
    assert grade(integer(THINK), texts) == [1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "gold", "mark"),
    [
        ("37 + 45 = 82", "82", 1),
        ("82 is more than 45", "82", 0),
        ("1,080 in all", "1080", 1),
        ("082.", "82", 1),
        ("it is -7", "-7", 1),
        ("it is −7", "-7", 1),
        ("10-7", "-7", 0),
        ("none", "82", 0),
        ("none", "none", 0),
        ("0", "000", 1),
        ("9" * 10_000, "9" * 10_000, 1),
    ],
)
def test_last_integer_ignores_the_layout(text: str, gold: str, mark: float) -> None:
    assert grade(last_integer(THINK), [text], gold) == [mark]


@pytest.mark.parametrize("factory", [partial(accuracy, params=STRICT), exact_match, integer, last_integer])
def test_without_a_gold_answer_they_do_not_apply(factory: object) -> None:
    assert callable(factory)
    assert grade(factory(THINK), ["82"], None) == [None]
    assert grade(factory(THINK), ["82"], "") == [None]
    with pytest.raises(UserError, match="column `answer`"):
        factory(THINK)(prompts=["q"], completions=["82"], completion_ids=[[1]])


def test_verdicts_that_are_known_by_construction() -> None:
    """Rows whose verdict is known from how they were made: endings, formats, formulas, letters, near misses."""
    rows = [json.loads(line) for line in (Path(__file__).parent / "agreement.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) >= 600
    wrong = []
    for row in rows:
        grade_one = accuracy(BUILT_IN.get(row.get("format", "")), STRICT)
        (mark,) = grade_one(prompts=[""], completions=[row["completion"]], completion_ids=[[]], answer=[row["answer"]])
        wrong += [row] if mark != row["expected"] else []
    assert wrong == []


def test_reasoning_that_the_prompt_opened_and_nobody_closed_holds_no_answer() -> None:
    reward = accuracy(None, AccuracyParams())
    columns = {
        "completions": ["So \\boxed{82}", "so</think> \\boxed{82}"],
        "completion_ids": [],
        "answer": ["82", "82"],
    }
    assert reward(prompts=["37 + 45?<think>\n"] * 2, **columns) == [0.0, 1.0]
    assert reward(prompts=["37 + 45?"] * 2, **columns) == [1.0, 1.0]
