"""MATH rows as the hub has them, and the real 500."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from whet.data import hendrycks_math
from whet.data.hendrycks_math import load_math, load_math500
from whet.errors import UserError
from whet.formats import BUILT_IN


def math_row(question: str) -> dict[str, Any]:
    return {"problem": question, "level": "Level 3", "type": "Algebra", "solution": r"Two: $\boxed{2}$."}


def test_the_real_500(shared: Path) -> None:
    problems = load_math500("test", str(shared / "math500"))
    rows = [json.loads(line) for line in (shared / "math500" / "test.jsonl").read_text("utf-8").splitlines()]
    assert len(problems) == 500
    assert [problem.answer for problem in problems] == [row["answer"].strip() for row in rows]
    assert [problem.columns["unique_id"] for problem in problems] == [row["unique_id"] for row in rows]
    assert Counter(problem.columns["level"] for problem in problems) == Counter(row["level"] for row in rows)
    assert set(problems[0].columns) == {"problem", "solution", "answer", "subject", "level", "unique_id"}


def test_the_boxes_of_the_real_500_say_what_their_answers_say(shared: Path) -> None:
    """Read as MATH rows, by the box, the answers come out the same."""
    by_answer = load_math500("test", str(shared / "math500"))
    by_box = load_math("test", str(shared / "math500"))
    assert [one.answer.replace(" ", "") for one in by_box] == [one.answer.replace(" ", "") for one in by_answer]


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - {"plain"}))
def test_the_real_500_are_targets_in_every_format_that_can_say_them(shared: Path, name: str) -> None:
    layout = BUILT_IN[name]
    for problem in load_math500("test", str(shared / "math500")):
        target = layout.render(problem.solution, problem.answer)
        assert layout.strict(target)
        assert layout.parse(target).answer == " ".join(problem.answer.split())


def test_math_is_read_subject_by_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None, str]] = []

    def hub_rows(name: str, config: str | None, split: str) -> list[tuple[int, dict[str, Any]]]:
        asked.append((name, config, split))
        return [(1, math_row(f"{config}?"))]

    monkeypatch.setattr(hendrycks_math, "hub_rows", hub_rows)
    problems = load_math("train", subjects=["algebra", "geometry"])
    assert [(p.question, p.answer, p.columns["level"]) for p in problems] == [
        ("algebra?", "2", "Level 3"),
        ("geometry?", "2", "Level 3"),
    ]
    assert asked == [("EleutherAI/hendrycks_math", subject, "train") for subject in ("algebra", "geometry")]
    assert len(load_math("test")) == 7


def test_math500_is_for_testing_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="math500 has the split test only"):
        load_math500("train")
    row = math_row("1 + 1?") | {"answer": "2"}
    monkeypatch.setattr(hendrycks_math, "hub_rows", lambda *asked: [(1, row | {"unique_id": asked[0]})])
    assert load_math500("test")[0].columns["unique_id"] == "HuggingFaceH4/MATH-500"
