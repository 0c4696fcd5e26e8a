"""Gold answers in plain cells and worked solutions; expectations by hand."""

from decimal import Decimal
from pathlib import Path

import pytest

from whet.config import SourceConfig
from whet.data.answers import answer_text, read_answer
from whet.data.intake import BrokenRowError, OtherRowError
from whet.data.load_data import load_source
from whet.errors import UserError

WORKED = "Ida has ten shells in her box. She finds eight more on the beach. We add both: 10 + 8 = 18. They fit in."


def test_numbers_and_lists_of_one_are_answers() -> None:
    values = [7, 7.0, 7.5, -3, Decimal("7.10"), ["7"], " 7 "]
    assert [answer_text(value) for value in values] == ["7", "7", "7.5", "-3", "7.10", "7", " 7 "]


def test_a_text_that_holds_a_list_of_one_text() -> None:
    """Skywork-OR1 writes its gold answers so; a list of numbers, or of several texts, may be the answer itself."""
    values = ['["15"]', "['15']", ' [ "(0, 1)" ] ', "[15]", '["a", "b"]', "['a' + 'b']", '["a" "']
    assert [answer_text(value) for value in values] == ["15", "15", "(0, 1)", *values[3:]]


def test_the_column_is_named_where_an_answer_has_parts() -> None:
    with pytest.raises(BrokenRowError) as refusal:
        answer_text({"target": ["Paris", "Lutetia"]}, "reward_model.ground_truth")
    assert refusal.value.fix.endswith("as in reward_model.ground_truth.target")


@pytest.mark.parametrize(
    ("text", "answer", "solution"),
    [
        ("18", "18", ""),
        (r"\boxed{18}", "18", ""),
        ("The answer is 18.", "18", ""),
        ("<answer>18</answer>", "18", ""),
        (WORKED + r" So $\boxed{\frac{1}{2}}$.", r"\frac{1}{2}", WORKED + r" So $\boxed{\frac{1}{2}}$."),
        (WORKED + "\nThe answer is: 18", "18", WORKED),
        (WORKED + "\n#### 1,080", "1080", WORKED),
        (WORKED + "\n#### 18\nThe answer is: 18", "18", WORKED),
        (WORKED + "\n<answer> 18 </answer>", "18", WORKED),
        (WORKED + r" First \boxed{3}, then \boxed{18}.", "18", WORKED + r" First \boxed{3}, then \boxed{18}."),
        ("<think>I add.</think>18", "18", "<think>I add.</think>18"),
        ("[THINK]The answer is 3? No.[/THINK]\nThe answer is 18.", "18", "[THINK]The answer is 3? No.[/THINK]"),
        ("Alice, Bob and Carol.", "Alice, Bob and Carol.", ""),
        (r"\left\{ 1, 2, 3 \right\}", r"\left\{ 1, 2, 3 \right\}", ""),
    ],
)
def test_the_answer_in_a_worked_solution(text: str, answer: str, solution: str) -> None:
    assert read_answer(text, "refuse") == (answer, solution)


def test_a_long_text_without_a_marked_answer() -> None:
    with pytest.raises(BrokenRowError, match="has an answer of 121 characters, in which none is marked") as refusal:
        read_answer(WORKED + " So there are 18.", "refuse")
    assert "columns.answer, or set params.unmarked" in refusal.value.fix
    assert read_answer(WORKED + " So there are 18.", "number")[0] == "18"
    assert read_answer(WORKED, "whole") == (WORKED, "")
    with pytest.raises(BrokenRowError, match="has an answer without a number"):
        read_answer("word " * 100, "number")
    with pytest.raises(BrokenRowError):
        read_answer("x + " * 100, "refuse")


@pytest.mark.parametrize(
    "text", ["None", "N/A", "n/a.", "unanswerable", "[null]", "nan", "Unknown", "proof", "notfound"]
)
def test_words_for_no_answer_leave_the_row_out(text: str) -> None:
    with pytest.raises(OtherRowError, match="has no answer"):
        read_answer(text, "refuse")


def test_rows_without_an_answer_are_counted_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = [f'{{"question": "{n}?", "answer": "{"N/A" if n == 3 else n}"}}' for n in range(20)]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    assert len(load_source(SourceConfig(name=str(tmp_path / "x.jsonl")), "train", 0)) == 19
    assert "left out 1 of 20 rows as of no use: row 4 has no answer ('N/A')" in caplog.text


def test_long_answers_are_refused_with_the_fix_and_kept_where_they_are_wanted(tmp_path: Path) -> None:
    story = "Tell it in your own words. Say who came. Say who left. Say why."
    lines = [f'{{"question": "{n}?", "answer": "{story}"}}' for n in range(5)]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    name = str(tmp_path / "x.jsonl")
    with pytest.raises(UserError, match=r"5 of 5 rows are broken: row 1 has an answer of 63 .*params.unmarked"):
        load_source(SourceConfig(name=name), "train", 0)
    kept = load_source(SourceConfig(name=name, params={"unmarked": "whole"}), "train", 0)
    assert kept[0].answer == story


def test_a_reply_is_the_answer_of_a_conversation() -> None:
    turns = [{"from": "human", "value": "1?"}, {"from": "gpt", "value": "1"}]
    assert answer_text(turns) == "1"
    with pytest.raises(BrokenRowError, match="ends with the user's turn"):
        answer_text(turns[:1])


def test_values_that_are_no_answer_come_with_what_to_do() -> None:
    for value, fix in ((True, "such as yes and no"), (["1", "2"], "as in answer.0"), ({"text": ["a"]}, "answer.text")):
        with pytest.raises(BrokenRowError, match="neither text nor number") as refusal:
            answer_text(value)
        assert fix in refusal.value.fix


@pytest.mark.parametrize(
    "text", ["1 + 1 = 2\n#### ", "so it is \\boxed{}.", "It is $\\boxed{ }$", "two <answer> </answer>"]
)
def test_an_empty_mark_is_no_answer(text: str) -> None:
    with pytest.raises(BrokenRowError, match="ends with a mark and nothing in it"):
        read_answer(text, "refuse")


def test_whole_numbers_of_any_size_have_their_shortest_digits() -> None:
    assert [answer_text(value) for value in (1e23, -3.0, -0.0, 2.5e16, 1e22)] == [
        "1" + "0" * 23,
        "-3",
        "0",
        "25" + "0" * 15,
        "1" + "0" * 22,
    ]
