"""Markdown by hand."""

from benchmarks.table import Table


def test_numbers_stand_to_the_right() -> None:
    table = Table("t", "Title", ["", "a", "b"], [["x", "1", "2"], ["y", "", "3"]], {})
    assert table.markdown() == "### Title\n\n| | a | b |\n|---|---:|---:|\n| x | 1 | 2 |\n| y |  | 3 |"
