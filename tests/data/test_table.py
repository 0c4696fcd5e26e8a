"""Rows become problems, whatever their columns are called."""

import json
from pathlib import Path
from typing import Any

import pytest

from whet.data.columns import Columns, choose_columns
from whet.data.fault import Fault
from whet.data.rows import read_rows
from whet.data.table import earlier_turns, place_text, problems_from, question_text
from whet.errors import UserError
from whet.types import Problem


def one(row: dict[str, Any], **chosen: str) -> Problem:
    (problem,) = problems_from([(1, row)], "mine", "mine.jsonl", chosen)
    return problem


def broken(row: dict[str, Any]) -> str:
    """What is said about the second of two rows."""
    with pytest.raises(UserError) as refusal:
        problems_from([(1, {"question": "1?", "answer": "1"}), (2, row)], "mine", "mine.jsonl")
    return str(refusal.value)


def test_prompt_and_answer_as_they_are() -> None:
    problem = one({"prompt": "What is 3 + 4?", "answer": "7"})
    assert (problem.question, problem.answer, problem.solution) == ("What is 3 + 4?", "7", "")
    assert (problem.source, problem.columns) == ("mine", {"prompt": "What is 3 + 4?", "answer": "7"})
    assert problem.taken == {"question": "prompt", "answer": "answer"}


@pytest.mark.parametrize("question", ["question", "prompt", "problem", "query"])
@pytest.mark.parametrize("answer", ["answer", "gold", "label", "solution"])
def test_known_column_names(question: str, answer: str) -> None:
    row = {"x": 0, answer: "7", question: "3 + 4?"}
    problem = one(row)
    assert (problem.question, problem.answer, problem.columns) == ("3 + 4?", "7", row)


def test_answer_and_solution_are_told_apart() -> None:
    problem = one({"problem": "3 + 4?", "solution": "3 + 4 = 7", "answer": "7", "level": 2})
    assert (problem.answer, problem.solution, problem.columns["level"]) == ("7", "3 + 4 = 7", 2)


def test_the_map_wins_over_known_names() -> None:
    row = {"question": "wrong", "frage": "3 + 4?", "answer": "wrong", "antwort": "7", "weg": "zählen"}
    problem = one(row, question="frage", answer="antwort", solution="weg")
    assert (problem.question, problem.answer, problem.solution) == ("3 + 4?", "7", "zählen")
    assert problem.columns == row


def test_of_messages_the_last_turn_of_the_user_is_the_question() -> None:
    turns = [
        {"role": "system", "content": "Add."},
        {"role": "user", "content": "1 + 1?"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "3 + 4?"},
    ]
    assert one({"prompt": turns, "answer": "7"}).question == "3 + 4?"
    assert question_text(turns[:2]) == "1 + 1?"


def test_gsm8k_rows_are_read_without_their_name(shared: Path) -> None:
    rows = list(read_rows(shared / "gsm8k" / "test.jsonl"))
    problems = problems_from(rows, "test", "test.jsonl")
    assert len(problems) == 1319
    assert problems[0].answer == "18"
    assert problems[0].solution.startswith("Janet sells 16 - 3 - 4 = 9 duck eggs a day.")


def test_math_rows_keep_their_other_columns(shared: Path) -> None:
    problems = problems_from(read_rows(shared / "math500" / "test.jsonl"), "math500", "math500")
    assert len(problems) == 500
    assert sum(problem.answer.lstrip("-").isdecimal() for problem in problems) > 250
    assert set(problems[0].columns) == {"problem", "solution", "answer", "subject", "level", "unique_id"}
    assert all("boxed" in problem.solution for problem in problems)


def test_a_boxed_answer_is_taken_out_of_a_lone_solution(shared: Path) -> None:
    (problem,) = problems_from(read_rows(shared / "numina_math" / "train.jsonl"), "numina", "numina")
    assert problem.answer == r"\frac{63}{400}"
    assert problem.solution.startswith("To determine the coefficient")
    assert one({"problem": "1 + 1?", "solution": "2"}).answer == "2"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"question": "q"}, "row 2 has no 'answer'"),
        ({"question": None, "answer": "1"}, "row 2 has no 'question'"),
        ({"question": "  ", "answer": "1"}, "row 2 has an empty question"),
        ({"question": "q", "answer": ""}, "row 2 has an empty answer"),
        ({"question": "q", "answer": float("nan")}, "row 2 has the answer nan"),
        ({"question": "q", "answer": True}, "row 2 has an answer that is neither text nor number: 'True'"),
        ({"question": "q", "answer": {"a": 1}}, "row 2 has an answer that is neither text nor number"),
        ({"question": "q", "answer": ["1", "2"]}, "row 2 has an answer that is neither text nor number"),
        ({"question": "q", "answer": b"7"}, "row 2 has an answer that is neither text nor number"),
        ({"question": 7, "answer": "1"}, "row 2 has a question that is neither text nor messages"),
        ({"question": [], "answer": "1"}, "row 2 has a question that is neither text nor messages"),
        ({"question": [{"role": "user"}], "answer": "1"}, "row 2 has a question that is neither"),
        (
            {"question": "\ud800", "answer": "1"},
            "row 2 has half a character (a lone surrogate) in its question",
        ),
        (
            {"question": "q", "answer": "\ud800"},
            "row 2 has half a character (a lone surrogate) in its answer",
        ),
    ],
)
def test_what_is_wrong_with_a_row_is_said(row: dict[str, Any], said: str) -> None:
    assert said in broken(row)


def test_a_file_of_broken_rows_only_is_refused() -> None:
    with pytest.raises(UserError, match="2 of 2 rows are broken: row 1 is not JSON"):
        problems_from([(1, Fault("is not JSON")), (2, Fault("is not UTF-8"))], "x", "x")


def test_a_mixed_schema_is_counted_not_fatal(tmp_path: Path) -> None:
    rows = [{"question": f"{i}?", "answer": i} for i in range(199)] + [{"text": "something else"}]
    file = tmp_path / "mixed.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    assert len(problems_from(read_rows(file), "mixed", "mixed.jsonl")) == 199


def test_one_odd_row_does_not_choose_the_columns(tmp_path: Path) -> None:
    """`question` comes before `prompt` among the known names, and yet 199 of 200 rows have a prompt."""
    rows = [{"prompt": f"{i}?", "gold": i} for i in range(199)]
    rows.insert(5, {"question": "another file's row?", "answer": 1})
    numbered = list(enumerate(rows, 1))
    problems = problems_from(numbered, "mixed", "mixed.jsonl")
    assert len(problems) == 199
    assert problems[5].row == 7
    assert choose_columns(["question", "prompt", "answer"], {}, "x", {"prompt"}) == Columns("prompt", "answer", None)
    assert choose_columns(["question", "answer", "steps"], {}, "x", {"question"}).solution == "steps"


def test_a_column_that_is_mostly_empty_does_not_hold_the_answers() -> None:
    """Parquet has every column in every row."""
    rows = [{"question": f"{n}?", "final_answer": None, "answer": "7"} for n in range(3)]
    found = problems_from(list(enumerate(rows, 1)), "mine", "mine.parquet")
    assert [problem.answer for problem in found] == ["7"] * 3


def test_the_turns_before_the_question_are_kept() -> None:
    talk = [
        {"role": "system", "content": "Be curt."},
        {"role": "user", "content": "3 + 4?"},
        {"role": "assistant", "content": "7"},
        {"role": "user", "content": "Why?"},
    ]
    rows = [{"prompt": talk, "answer": "7"}, {"prompt": [talk[0], talk[3]], "answer": "8"}]
    first, second = problems_from([(1, rows[0]), (2, rows[1])], "rows", "data.train")
    assert (first.question, second.question) == ("Why?", "Why?"), "with other turns it is another question"
    assert first.turns == tuple(talk[:3])
    assert second.turns == (talk[0],)
    assert first.id != second.id


def test_a_column_with_the_system_turn_comes_first() -> None:
    """As ShareGPT's and Alpaca's rows have it."""
    turns = [{"from": "human", "value": "1 + 1?"}, {"from": "gpt", "value": "2"}]
    assert one({"system": " Count in hex. ", "conversations": turns}).turns == (
        {"role": "system", "content": "Count in hex."},
    )
    assert one({"system": "Count in hex.", "instruction": "1 + 1?", "output": "2"}).turns[0]["content"] == (
        "Count in hex."
    )
    both = [{"from": "system", "value": "Count in hex."}, *turns]
    assert len(one({"system": "Count in hex.", "conversations": both}).turns) == 1
    assert (
        one({"system": None, "conversations": turns}).turns == one({"system": "", "conversations": turns}).turns == ()
    )


def test_a_text_has_no_turns_before_it() -> None:
    assert one({"question": "3 + 4?", "answer": "7"}).turns == ()
    assert earlier_turns([{"role": "user", "content": "3?"}, {"role": "assistant", "content": "3"}]) == ()


def test_a_context_that_is_left_out_is_said(caplog: pytest.LogCaptureFixture) -> None:
    rows = [(n, {"question": f"Who came {n}?", "context": f"Ida came at {n}.", "answer": "Ida"}) for n in range(1, 4)]
    assert len(problems_from(rows, "mine", "mine.jsonl")) == 3
    assert caplog.messages == [
        "mine.jsonl: questions leave out the column 'context', which they may need; if they do, write data.question: "
        "'{context} {question}'"
    ]


def test_instructions_stay_where_they_are_wanted() -> None:
    rows = [(n, {"question": f"{n} + 1? Put your final answer within \\boxed{{}}.", "answer": n + 1}) for n in range(9)]
    assert problems_from(rows, "mine", "x")[8].question == "8 + 1?"
    assert problems_from(rows, "mine", "x", instructions=True)[8].question.endswith("\\boxed{}.")


def test_cells_in_a_template() -> None:
    row = {"nums": [3, 4], "target": 7, "note": None, "ask": "Make it."}
    (problem,) = problems_from([(1, row)], "m", "m", {"question": "{note}{ask} {target} of {nums}", "answer": "target"})
    assert (problem.question, problem.answer) == ("Make it. 7 of [3, 4]", "7")
    assert place_text(["é"]) == '["é"]'


def test_pictures_that_a_question_may_need_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    rows = [
        {"question": f"<image> {n}?", "answer": "7", "images": ["a.png"] * (n % 2), "image_id": n} for n in range(4)
    ]
    problems_from(enumerate(rows, 1), "s", "w")
    what = "w: 2 of 4 rows have something in the column 'images', which the model does not see"
    assert caplog.messages == [f"{what}; take rows whose questions do not need it"]


def test_a_begun_reply_is_no_part_of_a_prompt_and_said_to_be_left_out(caplog: pytest.LogCaptureFixture) -> None:
    asked = [{"role": "user", "content": "1 + 1?"}, {"role": "assistant", "content": "Let me think"}]
    (problem,) = problems_from([(1, {"prompt": asked, "answer": "2"})], "s", "w")
    assert (problem.question, problem.answer, problem.turns) == ("1 + 1?", "2", ())
    what = "w: 1 of 1 conversations in 'prompt' end with an assistant's turn"
    assert caplog.messages == [f"{what}, which is no part of a prompt and is left out"]


def test_a_reply_that_is_the_gold_answer_is_nothing_to_tell_of(caplog: pytest.LogCaptureFixture) -> None:
    turns = [{"role": "user", "content": "1 + 1?"}, {"role": "assistant", "content": "2"}]
    assert problems_from([(1, {"messages": turns})], "s", "w")[0].answer == "2"
    assert caplog.messages == []
