"""Which column holds what, by its name, its rows or the user's choice."""

import pytest

from whet.data.columns import Columns, choose_columns, contexts_left_out
from whet.errors import UserError


def test_a_missing_column_names_those_that_exist() -> None:
    with pytest.raises(UserError) as refusal:
        choose_columns(["qestion", "answer"], {}, "mine.csv")
    assert str(refusal.value) == (
        "columns.question: mine.csv has the columns qestion, answer; say which holds the question; "
        "did you mean qestion?"
    )
    with pytest.raises(UserError, match=r"columns.answer: mine.csv has no column 'anwser', .*did you mean answer\?"):
        choose_columns(["question", "answer"], {"answer": "anwser"}, "mine.csv")
    assert choose_columns(["a", "label", "query"], {}, "x") == Columns("query", "label", None)


@pytest.mark.parametrize("where", ["mine.csv", "mine.TSV", "mine.csv.gz"])
def test_a_table_without_a_header_is_told_to_have_one(where: str) -> None:
    said = "; if its first line is a row, write the names of the columns above it, else say which holds the question$"
    for first in ("A crate has 2 apples; how many?", "What is 2+2?", "Name the sum of 2 and 2."):
        with pytest.raises(UserError, match=said):
            choose_columns([first, "2"], {}, where)


@pytest.mark.parametrize("where", ["mine.jsonl", "mine.parquet", "owner/mine train"])
def test_long_names_of_columns_are_no_rows_where_there_is_no_header(where: str) -> None:
    names = ["qestion", "how sure are you of the solution?", "answer"]
    with pytest.raises(UserError, match=r"answer; say which holds the question; did you mean qestion\?$"):
        choose_columns(names, {}, where)
    with pytest.raises(UserError, match=r"above it, else say which holds the question; did you mean qestion\?$"):
        choose_columns(names, {}, "mine.csv")


def test_a_short_answer_comes_before_a_worked_one_and_nested_ones_are_found() -> None:
    row = {"problem": "1?", "solution": "long", "answer": "long", "final_answer": "7"}
    assert choose_columns(list(row), {}, "x", rows=[row]) == Columns("problem", "final_answer", "solution")
    nested = {
        "prompt": "1?",
        "data_source": "x",
        "reward_model": {"ground_truth": "7"},
        "extra_info": '{"answer": "8"}',
    }
    assert choose_columns(list(nested), {}, "x", rows=[nested]).answer == "reward_model.ground_truth"
    assert (
        choose_columns(list(nested), {"answer": "extra_info.answer"}, "x", rows=[nested]).answer == "extra_info.answer"
    )
    with pytest.raises(UserError, match=r"columns.answer: x has no column 'extra_info.gold'"):
        choose_columns(list(nested), {"answer": "extra_info.gold"}, "x", rows=[nested])


def test_names_count_whatever_their_case() -> None:
    assert choose_columns(["ID", "Problem", "Answer"], {}, "x") == Columns("Problem", "Answer", None)
    assert choose_columns([" question ", "Final Answer"], {}, "x") == Columns(" question ", "Final Answer", None)
    assert choose_columns(["Question-Stem", "answer key"], {}, "x") == Columns("Question-Stem", "answer key", None)


def test_stories_and_the_data_of_instructions_join_the_question() -> None:
    row = {"Body": "A crate holds 5.", "Question": "How many?", "Answer": 5}
    found = choose_columns(list(row), {}, "x", rows=[row])
    assert (found.template, found.places) == ("{body} {question}", {"body": "Body", "question": "Question"})
    assert found.taken == {"question": "Body + Question", "answer": "Answer"}
    told = {"instruction": "Add.", "input": "1 and 2", "output": "3"}
    assert choose_columns(list(told), {}, "x", rows=[told]).template == "{question}\n\n{input}"
    repeated = {"body": "A crate.", "question": "A crate. How many?", "answer": 5}
    assert choose_columns(list(repeated), {}, "x", rows=[repeated]).places == {}


def test_contexts_that_the_question_leaves_out() -> None:
    row = {
        "question": "Who came to the house?",
        "context": "Ida came at noon.",
        "tableRows": [["Ida", 12]],
        "passage": "came to the house",
        "input_tokens": 35,
        "document_id": "the first of many",
        "solution_text": "It was Ida, who came.",
        "table": "",
        "answer": "Ida",
    }
    columns = choose_columns(list(row), {}, "x", rows=[row])
    assert list(contexts_left_out(columns, list(row), [row])) == ["context", "tableRows"]
    shown = choose_columns(list(row), {"question": "{context} {question}"}, "x", rows=[row])
    assert list(contexts_left_out(shown, list(row), [row])) == ["tableRows"]
    other = {"question": "Who came?", "table_md": [["Ida", 12]], "Passage": "Ida came at noon.", "answer": "Ida"}
    found = choose_columns(list(other), {}, "x", rows=[other])
    assert list(contexts_left_out(found, list(other), [other])) == ["table_md", "Passage"]


def test_a_question_that_is_not_what_is_asked_is_named() -> None:
    """`problem` beside `question` may be half of it, and a prompt that was made of the question is not."""
    rows = [{"problem": f"Ida has {n} pears.", "question": "How many?", "answer": "1"} for n in range(3)]
    found = choose_columns(list(rows[0]), {}, "x", rows=rows)
    assert list(contexts_left_out(found, list(rows[0]), rows)) == ["problem"]
    rows = [{"prompt": f"Solve it: {n} + 1?", "question": f"{n} + 1?", "answer": "1"} for n in range(3)]
    assert not list(contexts_left_out(choose_columns(list(rows[0]), {}, "x", rows=rows), list(rows[0]), rows))


def test_a_system_turn_in_a_column_of_its_own() -> None:
    columns = ["system_prompt", "question", "answer"]
    assert choose_columns(columns, {}, "x").taken == {
        "question": "question",
        "answer": "answer",
        "system": "system_prompt",
    }
    assert choose_columns([*columns, "tone"], {"system": "tone"}, "x").system == "tone"
    shown = {"question": "{system_prompt} {question}"}
    assert choose_columns(columns, shown, "x", rows=[dict.fromkeys(columns, "a")]).system is None
