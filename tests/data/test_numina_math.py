"""NuminaMath-TIR by its own row, and its targets in every format."""

import json
from pathlib import Path

import pytest

from whet.data import numina_math
from whet.data.numina_math import load_numina_math
from whet.errors import UserError
from whet.formats import BUILT_IN


def row(**changes: object) -> dict[str, object]:
    return {"problem": "1 + 1?", "solution": r"It is $\boxed{2}$.", "messages": [], **changes}


def test_the_real_row(shared: Path) -> None:
    (problem,) = load_numina_math("train", str(shared / "numina_math"))
    assert problem.question.startswith("What is the coefficient of $x^2y^6$")
    assert problem.answer == r"\frac{63}{400}"
    assert (problem.source, set(problem.columns)) == ("numina_math", {"problem", "solution", "messages"})
    assert "binomial theorem states" in problem.solution
    assert "Let's compute these in Python.\nThe coefficient of" in problem.solution
    assert not any(part in problem.solution for part in ("```", "import comb", "print("))


def test_programs_can_be_kept(shared: Path) -> None:
    file = shared / "numina_math" / "train.jsonl"
    (problem,) = load_numina_math("train", str(file), code=True)
    assert problem.solution == json.loads(file.read_text("utf-8"))["solution"]


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - {"plain"}))
def test_the_real_row_is_a_target_in_every_format_that_can_say_it(shared: Path, name: str) -> None:
    (problem,) = load_numina_math("train", str(shared / "numina_math"))
    layout = BUILT_IN[name]
    target = layout.render(problem.solution, problem.answer)
    assert layout.strict(target)
    assert layout.parse(target).answer == r"\frac{63}{400}"
    assert "binomial theorem" in (layout.parse(target).reasoning or "")


def test_rows_without_a_box_are_left_out_and_not_broken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [row(), *(row(problem=f"Prove {i}.", solution="QED") for i in range(5))]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert [problem.answer for problem in load_numina_math("train", str(tmp_path))] == ["2"]
    assert "left out 5 of 6 rows as of no use: row 2 has no answer in a box" in caplog.text


def test_rows_without_a_problem_are_broken(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(json.dumps(row()) + "\n" + json.dumps(row(problem=None)))
    with pytest.raises(UserError, match="1 of 2 rows are broken: row 2 has no problem"):
        load_numina_math("train", str(tmp_path))


def test_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None, str]] = []

    def hub_rows(name: str, config: str | None, split: str) -> list[tuple[int, dict[str, object]]]:
        asked.append((name, config, split))
        return [(1, row())]

    monkeypatch.setattr(numina_math, "hub_rows", hub_rows)
    assert load_numina_math("test")[0].answer == "2"
    assert asked == [("AI-MO/NuminaMath-TIR", None, "test")]
