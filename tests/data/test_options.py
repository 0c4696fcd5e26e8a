"""Multiple choice in the shapes in which data sets have it; letters by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from whet.config import SourceConfig
from whet.data.load_data import load_source
from whet.data.options import find_kind, find_options
from whet.errors import UserError
from whet.types import Problem

TEXTS = ["iron", "wood", "glass", "wool"]


def load(rows: list[dict[str, Any]], folder: Path, **columns: str) -> list[Problem]:
    (folder / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return list(load_source(SourceConfig(name=str(folder / "x.jsonl"), columns=columns), "train", 0))


def rows_of(options: dict[str, Any], name: str, golds: list[Any]) -> list[dict[str, Any]]:
    return [{"question": f"What burns ({n})?", **options, name: gold} for n, gold in enumerate(golds)]


@pytest.mark.parametrize(
    "options",
    [
        {"choices": TEXTS},
        {"choices": json.dumps(TEXTS)},
        {"options": [f"{letter}) {text}" for letter, text in zip("ABCD", TEXTS, strict=True)]},
        {"options": [f"({letter}) {text}" for letter, text in zip("abcd", TEXTS, strict=True)]},
        {"options": dict(zip("ABCD", TEXTS, strict=True))},
        {"choices": {"label": list("ABCD"), "text": TEXTS}},
        {"choices": [{"label": letter, "text": text} for letter, text in zip("ABCD", TEXTS, strict=True)]},
        {"options": "a ) iron , b ) wood , c ) glass , d ) wool"},
        dict(zip("ABCD", TEXTS, strict=True)),
        {f"option_{letter}": text for letter, text in zip("abcd", TEXTS, strict=True)},
        dict(zip(("opa", "opb", "opc", "opd"), TEXTS, strict=True)),
    ],
)
@pytest.mark.parametrize(
    ("name", "golds"),
    [
        ("answer", ["B", "D", "A", "C"]),
        ("answerKey", ["b", "(D)", "A.", "C"]),
        ("answer", ["B) wood", "D) wool", "A) iron", "C) glass"]),
        ("answer", [1, 3, 0, 2]),
        ("answer", ["wood", "wool", "iron", "glass"]),
        ("label", ["1", "3", "0", "2"]),
        ("cop", [2, 4, 1, 3]),
    ],
)
def test_options_are_shown_and_gold_is_their_letter(
    options: dict[str, Any], name: str, golds: list[Any], tmp_path: Path
) -> None:
    problems = load(rows_of(options, name, golds), tmp_path)
    assert [problem.answer for problem in problems] == ["B", "D", "A", "C"]
    assert problems[0].question == (
        "What burns (0)?\nA) iron\nB) wood\nC) glass\nD) wool\nAnswer with the letter of the right option."
    )


def test_labels_that_are_numbers_are_lettered(tmp_path: Path) -> None:
    choices = {"label": ["1", "2", "3", "4"], "text": TEXTS}
    problems = load(rows_of({"choices": choices}, "answerKey", ["2", "4", "1", "2"]), tmp_path)
    assert [problem.answer for problem in problems] == ["B", "D", "A", "B"]


def test_numbers_among_the_options_are_not_confused_with_their_places(tmp_path: Path) -> None:
    options = {"choices": ["0", "4", "2", "1"]}
    whole = load(rows_of(options, "answer", [1, 3, 2, 0]), tmp_path)
    assert [problem.answer for problem in whole] == ["B", "D", "C", "A"]
    texts = load(rows_of(options, "answer", ["1", "4", "2", "0"]), tmp_path)
    assert [problem.answer for problem in texts] == ["D", "B", "C", "A"]


def test_a_question_that_shows_its_options_keeps_its_words(tmp_path: Path) -> None:
    row = {"question": "Iron or wood? (A) iron (B) wood", "choices": ["iron", "wood"], "answer": "B"}
    (problem,) = load([row], tmp_path)
    assert (problem.question, problem.answer) == (row["question"], "B")


def test_a_template_puts_them_where_it_wants(tmp_path: Path) -> None:
    rows = rows_of({"choices": TEXTS}, "answer", [1, 2, 3, 0])
    (problem, *_) = load(rows, tmp_path, question="{choices}\n{question} Say a letter.")
    assert problem.question == "A) iron\nB) wood\nC) glass\nD) wool\nWhat burns (0)? Say a letter."


def test_a_gold_answer_that_is_no_option_breaks_its_row(tmp_path: Path) -> None:
    rows = rows_of({"choices": TEXTS}, "answer", ["B"] * 30 + ["Z"])
    with pytest.raises(UserError, match="row 31 has the answer 'Z', which is none of its options"):
        load(rows, tmp_path)


def test_answers_that_name_no_option_are_answers_and_the_column_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    problems = load(rows_of({"choices": TEXTS}, "answer", ["12", "13", "14"]), tmp_path)
    assert [problem.answer for problem in problems] == ["12", "13", "14"]
    assert "questions leave out the column 'choices'" in caplog.text
    with pytest.raises(UserError, match=r"columns.options: 'choices' holds no options that the column 'answer' names"):
        load(rows_of({"choices": TEXTS}, "answer", ["12", "13", "14"]), tmp_path, options="choices")


def test_kinds() -> None:
    rows: list[dict[str, Any]] = [{"choices": ["x", "y", "z"]}] * 3
    assert find_options(["choices"], rows) == ("choices",)
    assert find_kind(("choices",), [1, 2, 3], rows) == "from 1"
    assert find_kind(("choices",), [0, 2, 1], rows) == "from 0"
    assert find_kind(("choices",), ["q", "r", "s"], rows) is None


def test_short_options_that_occur_in_the_question_are_shown(tmp_path: Path) -> None:
    """Only options with their letters are there already: "1" is in "11 - 1?", and says nothing of a letter."""
    rows = [{"question": f"What is 11 - {n}, a or b?", "options": {"A": "1", "B": "11"}, "answer": "B"} for n in (1, 2)]
    assert load(rows, tmp_path)[0].question == (
        "What is 11 - 1, a or b?\nA) 1\nB) 11\nAnswer with the letter of the right option."
    )
    listed = [{**row, "question": f"Which, {n}?\n1\n11"} for n, row in enumerate(rows)]
    assert load(listed, tmp_path)[0].question.endswith("\nA) 1\nB) 11\nAnswer with the letter of the right option.")


@pytest.mark.parametrize("shape", ["{}) {}", "({}) {}", "{}. {}", "**{}:** {}", "{} {}"])
def test_options_that_the_question_shows_by_their_letters_are_not_shown_twice(shape: str, tmp_path: Path) -> None:
    lines = "\n".join(shape.format(letter, text) for letter, text in zip("ABCD", TEXTS, strict=True))
    rows = [{"question": f"What burns, {n}?\n{lines}", "options": TEXTS, "answer": "wood"} for n in (1, 2)]
    assert [(one.question, one.answer) for one in load(rows, tmp_path)] == [(row["question"], "B") for row in rows]


def test_a_list_of_answers_holds_options_where_a_place_is_gold_and_accepted_answers_otherwise(tmp_path: Path) -> None:
    """ReClor has `answers` and `label`; question answering has `answers` that all count."""
    options = [{"question": f"What burns, {n}?", "answers": TEXTS, "label": n} for n in range(4)]
    assert [one.answer for one in load(options, tmp_path)] == ["A", "B", "C", "D"]
    accepted = [{"question": f"{n}?", "answers": ["wood", "timber"], "answer": "wood"} for n in range(4)]
    assert [(one.question, one.answer) for one in load(accepted, tmp_path)] == [(f"{n}?", "wood") for n in range(4)]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Correct Answer", ["Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"]),
        ("correct_answer", ["distractor1", "distractor2", "distractor3"]),
    ],
)
def test_a_right_and_wrong_answers_in_columns_are_options_in_any_order(
    right: str, wrong: list[str], tmp_path: Path
) -> None:
    """As GPQA and SciQ have them."""
    texts = [[f"{text} {n}" for text in TEXTS] for n in range(40)]
    rows = [{"Question": f"What burns ({n})?", **dict(zip([right, *wrong], some, strict=True))} for n, some in
            enumerate(texts)]  # fmt: skip
    problems = load(rows, tmp_path)
    for problem, some in zip(problems, texts, strict=True):
        assert f"\n{problem.answer}) {some[0]}\n" in problem.question
        assert all(f") {text}\n" in problem.question for text in some)
    counted = [sum(problem.answer == letter for problem in problems) for letter in "ABCD"]
    assert min(counted) >= 3
