"""JSON files: lines, or a document, by what is in them and not by their name."""

import json
from pathlib import Path

import pytest

from whet.data.json_rows import read_json, read_jsonl

ROWS = [{"q": "é?", "a": 1}, {"q": "2?", "a": 2}]


@pytest.mark.parametrize("read", [read_json, read_jsonl])
@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, ROWS)),
        "\n\n" + "\r\n".join(map(json.dumps, ROWS)) + "\n",
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "\n".join(json.dumps(row, indent=2) for row in ROWS) + "\n",  # as `jq` prints them
        " ".join(json.dumps(row, indent=2) for row in ROWS),
        json.dumps({"data": ROWS}),
        json.dumps({"data": ROWS}, indent=2, ensure_ascii=False),
    ],
)
def test_lines_and_documents_under_either_name(read: object, text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text, "utf-8")
    assert callable(read)
    assert [row for _, row in read(tmp_path / "a.json", "train")] == ROWS


def test_nan_is_a_value_like_any_other_until_it_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"q": "1?", "a": NaN}\n{"q": "2?", "a": Infinity}\n')
    (first, second) = [row for _, row in read_jsonl(tmp_path / "a.jsonl")]
    assert isinstance(first, dict)
    assert first["a"] != first["a"]
    assert second == {"q": "2?", "a": float("inf")}
