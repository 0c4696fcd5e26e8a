"""Cells by name and by path."""

from whet.data.cells import cell, find_name, find_names, unpacked

ROW = {
    "a.b": 1,
    "a": {"b": 2, "c": [{"d": 3}]},
    "json": '{"gold": {"x": "5"}}',
    "words": "[not json",
    "none": None,
}


def test_paths() -> None:
    assert [cell(ROW, name) for name in ("a.b", "a.c.0.d", "json.gold.x", "words.0", "none.x", "z", "a.c.7")] == [
        1,
        3,
        "5",
        None,
        None,
        None,
        None,
    ]
    assert unpacked("[1, 2]") == [1, 2]
    assert unpacked("{not json}") == "{not json}"


def test_lists_as_python_prints_them_in_a_csv_file() -> None:
    assert unpacked("[{'role': 'user', 'content': \"It's?\"}]") == [{"role": "user", "content": "It's?"}]
    assert unpacked("['iron', 'wood']") == ["iron", "wood"]
    assert [unpacked(text) for text in ("['iron' 'wood']", "['a'] or what?", "{'a', 'b'}")] == [
        "['iron' 'wood']",
        "['a'] or what?",
        "{'a', 'b'}",
    ]


def test_names_by_case_and_within_columns() -> None:
    assert find_name(["question", "prompt"], ["Prompt", "QUESTION"]) == "QUESTION"
    assert find_name(["question"], ["question", "Question"]) == "question"
    assert find_names(["json.gold", "json.z", "x"], ["json"], [ROW, ROW]) == ["json.gold"]
    assert find_name(["json.gold"], ["json"], []) is None
