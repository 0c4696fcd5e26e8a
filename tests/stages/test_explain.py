"""`whet score --explain`."""

import json
from pathlib import Path

from whet.formats import BUILT_IN
from whet.stages.explain import explain, header

ROWS = [
    {"prompt": "2+2?", "completion": "So $-\\boxed{256}$.", "answer": "256"},
    {"completion": "The answer is 72, as 2 * 36 = 72 shows.", "answer": "72"},
    {"completion": "It is 18 or 20, and I cannot say which of the two it is.", "answer": "18"},
    {"completion": "no idea", "answer": "5"},
    {"completion": "5"},
]


def written(folder: Path) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS), "utf-8")
    return path


def test_each_row_is_explained(tmp_path: Path) -> None:
    found = [one.as_dict() for one in explain(written(tmp_path))]
    assert [(row["line"], row["rule"], row["verdict"]) for row in found] == [
        (1, "\\boxed", 0.0),
        (2, "answer is", 1.0),
        (3, "last sentence", 0.0),
        (4, "", 0.0),
        (5, "last sentence", None),
    ]
    assert found[0]["why"] == "not equal, read as -256 (a sign before the box)"
    assert found[4]["why"] == "no gold answer"


def test_a_format_says_where_the_answer_stands(tmp_path: Path) -> None:
    rules = [one.rule for one in explain(written(tmp_path), BUILT_IN["boxed"])]
    assert rules == ["format boxed", "", "", "", ""]


def test_no_line_is_wider_than_the_terminal(tmp_path: Path) -> None:
    for width in (80, 100):
        lines = [line for one in explain(written(tmp_path)) for line in one.lines(width)]
        assert max(map(len, [header(), *lines])) <= width
        assert any(line.startswith("    2 ✓ answer is") for line in lines)
