"""The rows of JSON documents of many forms; pandas writes its own forms itself."""

import json
from typing import Any

import pandas
import pytest

from whet.data.json_document import document_rows
from whet.errors import UserError

ROWS = [{"question": "1 + 1?", "answer": 2}, {"question": "2 + 2?", "answer": 4}, {"question": "x?", "answer": 5}]
OTHER = [{"question": "other?", "answer": 0}]


@pytest.mark.parametrize("orient", ["columns", "index", "records", "split", "table"])
def test_pandas_forms(orient: Any) -> None:
    written = json.loads(pandas.DataFrame(ROWS).to_json(orient=orient))
    rows = document_rows(written, "x.json", "train")
    assert [{name: row[name] for name in ("question", "answer")} for row in rows] == ROWS


@pytest.mark.parametrize(
    "document",
    [
        ROWS,
        {"data": ROWS},
        {"version": "1.1", "examples": ROWS},
        {"dataset": {"train": ROWS, "test": OTHER}},
        {"train": ROWS, "test": OTHER},
        {"Training": ROWS, "dev": OTHER},
        {"question": ["1 + 1?", "2 + 2?", "x?"], "answer": [2, 4, 5]},
        {"features": [{"name": "question"}], "rows": [{"row_idx": n, "row": row} for n, row in enumerate(ROWS)]},
        {f"id-{n}": row for n, row in enumerate(ROWS)},
    ],
)
def test_wrappers_splits_and_columns(document: Any) -> None:
    assert document_rows(document, "x.json", "train") == ROWS


def test_the_split_that_is_asked_for() -> None:
    assert document_rows({"train": ROWS, "validation": OTHER}, "x.json", "test") == OTHER
    assert document_rows({"train": ROWS, "hard": OTHER}, "x.json", "hard") == OTHER


@pytest.mark.parametrize(
    "row",
    [
        {"question": "1?", "answer": "1"},
        {"question": "Which?", "options": [{"label": "A", "text": "x"}], "answer": "A"},
        {"conversations": [{"from": "human", "value": "1?"}, {"from": "gpt", "value": "1"}]},
        {"messages": [{"role": "user", "content": "1?"}]},
    ],
)
def test_an_object_that_wraps_nothing_is_a_row(row: Any) -> None:
    assert document_rows(row, "x.jsonl", "train") == [row]


def test_what_could_be_several_tables_or_none_is_refused() -> None:
    with pytest.raises(UserError, match=r"x.json holds several lists \(easy, hard\), and none is named train"):
        document_rows({"easy": ROWS, "hard": OTHER}, "x.json", "train")
    with pytest.raises(UserError, match=r"x.json holds '7', not rows"):
        document_rows(7, "x.json", "train")
