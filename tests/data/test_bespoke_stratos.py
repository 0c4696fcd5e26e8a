"""Bespoke-Stratos-17k by its own row: the two parts, the answer, and targets in every format."""

import json
from pathlib import Path
from typing import Any

import pytest

from whet.data import bespoke_stratos
from whet.data.bespoke_stratos import load_bespoke_stratos, split_response
from whet.errors import UserError
from whet.formats import BUILT_IN


def response(thought: str = "One and one.", solution: str = r"It is $\boxed{2}$.") -> str:
    return (
        f"<|begin_of_thought|>\n\n{thought}\n\n<|end_of_thought|>\n\n"
        f"<|begin_of_solution|>\n\n{solution}\n\n<|end_of_solution|>"
    )


def row(asked: str = "1 + 1?", given: str | None = None) -> dict[str, Any]:
    turns = [{"from": "user", "value": asked}, {"from": "assistant", "value": given or response()}]
    return {"system": "Think.", "conversations": turns}


def load(folder: Path, *rows: dict[str, Any], **params: Any) -> Any:
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return load_bespoke_stratos("train", str(folder), **params)


def test_the_real_row(shared: Path) -> None:
    (problem,) = load_bespoke_stratos("train", str(shared / "bespoke_stratos"))
    assert problem.question.startswith("Ms. Blackwell gives an exam")
    assert problem.question.endswith(r"\textbf{(E)} ~78$")
    assert problem.answer == "C"
    assert problem.solution.startswith("Okay, let's see.")
    assert "<|" not in problem.solution
    assert "We represent the number of students" not in problem.solution


def test_what_a_warm_start_imitates_can_be_chosen(shared: Path) -> None:
    texts = {
        worked: load_bespoke_stratos("train", str(shared / "bespoke_stratos"), worked=worked)[0].solution
        for worked in ("thought", "solution", "both")
    }
    assert texts["both"] == f"{texts['thought']}\n\n{texts['solution']}"
    assert texts["solution"].startswith("To find the mean of the scores")
    assert texts["solution"].endswith(r"\(\boxed{C}\).")


@pytest.mark.parametrize("worked", ["thought", "solution", "both"])
@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - {"plain"}))
def test_the_real_row_is_a_target_in_every_format_that_can_say_it(shared: Path, name: str, worked: str) -> None:
    (problem,) = load_bespoke_stratos("train", str(shared / "bespoke_stratos"), worked=worked)
    layout = BUILT_IN[name]
    target = layout.render(problem.solution, problem.answer)
    assert layout.strict(target)
    assert layout.parse(target).answer == "C"
    assert len(layout.parse(target).reasoning or "") > 1000


def test_a_response_is_a_thought_and_a_solution() -> None:
    assert split_response(response("a\n\nb", "c")) == ("a\n\nb", "c")
    assert split_response("<|begin_of_thought|>a<|end_of_thought|>") is None
    assert split_response("No parts.") is None


def test_programming_tasks_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    code = row("Sort a list.", response("Hm.", "```python\nsorted(x)\n```"))
    (problem,) = load(tmp_path, row(), code, code | {"system": ""})
    assert (problem.question, problem.answer, problem.solution) == ("1 + 1?", "2", "One and one.")
    assert "left out 2 of 3 rows as of no use" in caplog.text


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"system": "x"}, "has no conversations"),
        ({"conversations": "x"}, "has no conversations"),
        ({"conversations": [{"from": "user", "value": "x"}]}, "has a conversation that is not one question and one"),
        (row(given="Just 2."), "has a response without a thought and a solution"),
        (row(asked=" "), "has no value"),
    ],
)
def test_broken_rows(tmp_path: Path, broken: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=f"1 of 2 rows are broken: row 2 {said}"):
        load(tmp_path, row(), broken)


def test_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None, str]] = []

    def hub_rows(name: str, config: str | None, split: str) -> list[tuple[int, dict[str, Any]]]:
        asked.append((name, config, split))
        return [(1, row())]

    monkeypatch.setattr(bespoke_stratos, "hub_rows", hub_rows)
    assert load_bespoke_stratos("train")[0].answer == "2"
    assert asked == [("bespokelabs/Bespoke-Stratos-17k", None, "train")]
