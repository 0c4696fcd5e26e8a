"""Words on the layout that all questions share are taken out; others stay."""

from dataclasses import replace

import pytest

from whet.data.instructions import shared_beginning, shared_end, without_instructions
from whet.types import Problem

PLAIN = [f"What is {n} + {n + 3}?" for n in range(10, 30)]
BOX = r" Please reason step by step, and put your final answer within \boxed{}."
LINE = "Solve this step by step. The last line must be of the form Answer: $Answer.\n\n"


def problems(texts: list[str]) -> list[Problem]:
    return [Problem(str(n), text, "1", source="x") for n, text in enumerate(texts)]


def questions(found: list[Problem]) -> list[str]:
    return [problem.question for problem in found]


def test_what_stands_before_and_after_every_question(caplog: pytest.LogCaptureFixture) -> None:
    found = without_instructions(problems([LINE + text + BOX for text in PLAIN]), "x.jsonl")
    assert questions(found) == PLAIN
    assert "x.jsonl: took words on the layout out of every prompt: 'Solve this" in caplog.text
    assert "params.instructions: true keeps them" in caplog.text
    assert len({problem.id for problem in found}) == len(PLAIN)


@pytest.mark.parametrize(
    "texts",
    [
        PLAIN,
        [f"The answer to what is {n} + 3? Think." for n in range(10, 30)],
        [LINE + text if n else text for n, text in enumerate(PLAIN)],
        ["Consider a crate of apples on a table in the yard. " + text for text in PLAIN],
        [LINE + text for text in PLAIN[:5]],
    ],
)
def test_questions_without_shared_words_on_the_layout_stay(texts: list[str]) -> None:
    assert questions(without_instructions(problems(texts), "x")) == texts


def test_only_whole_sentences_on_the_layout_are_taken() -> None:
    """What stands before or after them may be part of the problem."""
    assert shared_beginning([LINE + "What is " + text for text in PLAIN]) == LINE.rstrip()
    assert shared_beginning([f"Count in base 7. {LINE}Base 7, mind. {text}" for text in PLAIN]).strip() == LINE.rstrip()
    assert shared_end([text + " Go on." + BOX for text in PLAIN]) == BOX
    asked = [f"Tom had {n} pears and ate one. How many are left?" for n in range(10, 30)]
    assert questions(without_instructions(problems([text + BOX + " Be exact." for text in asked]), "x")) == [
        text + " Be exact." for text in asked
    ]


def test_a_system_turn_on_the_layout_goes_and_what_it_says_besides_stays(caplog: pytest.LogCaptureFixture) -> None:
    def with_system(*texts: str) -> list[Problem]:
        turns = [({"role": "system", "content": text},) for text in texts]
        return [replace(one, turns=turn) for one, turn in zip(problems(PLAIN), turns, strict=True)]

    found = without_instructions(with_system(*[BOX.strip()] * 20), "x.jsonl")
    assert [one.turns for one in found] == [()] * 20
    assert "x.jsonl: took words on the layout out of every prompt: 'Please reason" in caplog.text
    found = without_instructions(with_system(*["Count in base 7." + BOX] * 20), "x.jsonl")
    assert {one.turns[0]["content"] for one in found} == {"Count in base 7."}
    different = with_system(*[f"Count in base {n}." + BOX for n in range(20)])
    assert without_instructions(different, "x.jsonl") == different
