"""CSV files, whatever parts their cells."""

from pathlib import Path

import pytest

from whet.data.csv_rows import read_csv


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ("q;a\n1,5 + 1?;2,5\n", {"q": "1,5 + 1?", "a": "2,5"}),
        ("q\ta\n1, 2?\t3\n", {"q": "1, 2?", "a": "3"}),
        ("q|a\nwhat?|3\n", {"q": "what?", "a": "3"}),
        ('q,a\n"1; 2?",3\n', {"q": "1; 2?", "a": "3"}),
        ("a\n5\n", {"a": "5"}),
    ],
)
def test_the_header_says_what_parts_the_cells(content: str, row: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(content)
    assert list(read_csv(tmp_path / "a.csv")) == [(2, row)]


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ("sep=;\nq;a\n1,5 + 1?;2,5\n", {"q": "1,5 + 1?", "a": "2,5"}),
        ("\ufeffsep=,\r\nq,a\r\n1;2?,3\r\n", {"q": "1;2?", "a": "3"}),
        ('q, a\n"1, 2?", "3, 4"\n', {"q": "1, 2?", "a": "3, 4"}),
        ("q,a\n1?, 3\n", {"q": "1?", "a": " 3"}),
    ],
)
def test_excels_first_line_and_spaces_behind_commas(content: str, row: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content.encode())
    assert list(read_csv(tmp_path / "a.csv")) == [(2, row)]


@pytest.mark.parametrize("header", [",q,a", "q,a,", "q,,a, ,"])
def test_columns_without_a_name_are_left_out(header: str, tmp_path: Path) -> None:
    cells = [{"q": "1 + 1?", "a": "2"}.get(name, "7") for name in header.split(",")]
    (tmp_path / "a.csv").write_text(f"{header}\n{','.join(cells)}\n")
    assert list(read_csv(tmp_path / "a.csv")) == [(2, {"q": "1 + 1?", "a": "2"})]
