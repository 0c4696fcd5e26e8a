"""Files as they come: good, broken and hostile. Row numbers are counted by hand."""

import csv
import json
import time
from pathlib import Path

import pytest

from whet.data import fault as fault_module
from whet.data.fault import Fault
from whet.data.rows import locate, read_rows
from whet.errors import UserError


def write(tmp_path: Path, name: str, content: bytes | str) -> Path:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def read(path: Path) -> list[tuple[int, object]]:
    return [(number, row.reason if isinstance(row, Fault) else row) for number, row in read_rows(path)]


def test_jsonl_counts_lines_and_skips_blank_ones(tmp_path: Path) -> None:
    file = write(tmp_path, "a.jsonl", '{"a": 1}\n\n{"a": "é"}\r\n{"a": 3}')
    assert read(file) == [(1, {"a": 1}), (3, {"a": "é"}), (4, {"a": 3})]


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a.jsonl", b'\xef\xbb\xbf{"a": 1}\n')) == [(1, {"a": 1})]
    assert read(write(tmp_path, "a.json", b'\xef\xbb\xbf[{"a": 1}]')) == [(1, {"a": 1})]
    assert read(write(tmp_path, "a.csv", b"\xef\xbb\xbfa,b\n1,2\n")) == [(2, {"a": "1", "b": "2"})]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": "\xff"}', "is not UTF-8 (byte 8)"),
        (b'{"a": 1', "is not JSON: Expecting ',' delimiter at column 8"),
        (b"[1, 2]", "is [1, 2], not an object with columns"),
        (b"7", "is 7, not an object with columns"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is not JSON: Exceeds the limit"),
    ],
)
def test_a_broken_line_says_what_is_wrong_and_ends_nothing(tmp_path: Path, line: bytes, reason: str) -> None:
    file = write(tmp_path, "a.jsonl", b'{"a": 1}\n' + line + b'\n{"a": 3}\n')
    (first, (number, said), last) = read(file)
    assert (first, last) == ((1, {"a": 1}), (3, {"a": 3}))
    assert number == 2
    assert str(said).startswith(reason)


def test_a_huge_line_is_given_up_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault_module, "LONGEST", 2**20)
    huge = b'{"a": "' + b"x" * 5 * 2**20 + b'"}'
    file = write(tmp_path, "a.jsonl", b'{"a": 1}\n' + huge + b'\n{"a": 3}\n')
    assert read(file) == [(1, {"a": 1}), (2, "is longer than 1 MiB"), (3, {"a": 3})]
    table = write(tmp_path, "a.csv", b"a,b\n1,2\n" + b"y" * 5 * 2**20 + b"yyy,2\n5,6\n")
    assert read(table) == [(2, {"a": "1", "b": "2"}), (3, "is longer than 1 MiB"), (4, {"a": "5", "b": "6"})]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.tsv", "a.parquet"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="is empty"):
        read(write(tmp_path, name, b""))


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_utf16_is_read(tmp_path: Path, name: str) -> None:
    text = "a,b\né,2\n" if name == "a.csv" else '{"a": "é", "b": "2"}\n'
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        ((_, row),) = read(write(tmp_path, name, text.encode(encoding)))
        assert row == {"a": "é", "b": "2"}
    with pytest.raises(UserError, match=r"is UTF-16 that cannot be decoded .*; save it as UTF-8"):
        read(write(tmp_path, name, text.encode("utf-16") + b"\x00"))


def test_json_is_a_list_or_lines(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a.json", ' [{"a": 1}, 2]')) == [
        (1, {"a": 1}),
        (2, "is 2, not an object with columns"),
    ]
    assert read(write(tmp_path, "b.json", '{"a": 1}\n{"a": 2}\n')) == [(1, {"a": 1}), (2, {"a": 2})]
    with pytest.raises(UserError, match="is not JSON"):
        read(write(tmp_path, "c.json", "[{"))


def test_csv_rows_are_counted_as_a_spreadsheet_does(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", 'q,a\n"one\nand, more",1\ntwo,2,3\n"th\xe9",3\n'.encode("latin-1"))
    assert read(file) == [
        (2, {"q": "one\nand, more", "a": "1"}),
        (3, "has 3 cells where the header has 2"),
        (4, "is not UTF-8"),
    ]
    assert read(write(tmp_path, "a.tsv", "q\ta\nx\t1\n")) == [(2, {"q": "x", "a": "1"})]


def test_a_stray_quote_counts_every_line_that_it_swallows(tmp_path: Path) -> None:
    lines = [f"q{i},{i}" for i in range(50)]
    lines[10] = '"never closed,10'
    file = write(tmp_path, "a.csv", "q,a\n" + "\n".join(lines) + "\n")
    broken = [said for _, said in read(file) if not isinstance(said, dict)]
    assert len(broken) == 40
    assert str(broken[0]).startswith("is not CSV")


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the column 'a' stands in the header twice"):
        read(write(tmp_path, "a.csv", "a,b,a\n1,2,3\n"))


def test_the_csv_limit_of_the_process_is_left_as_it_was(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    long = "x" * (before + 10)
    assert read(write(tmp_path, "a.csv", f"a,b\n{long},2\n")) == [(2, {"a": long, "b": "2"})]
    assert csv.field_size_limit() == before


def test_parquet_rows_and_a_bad_cell(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    binary = pyarrow.array([b"good", b"\xff\xfe", b"fine"], pyarrow.binary())
    strings = pyarrow.StringArray.from_buffers(3, binary.buffers()[1], binary.buffers()[2])
    table = pyarrow.table({"q": strings, "a": pyarrow.array([1, 2, 3])})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == [
        (1, {"q": "good", "a": 1}),
        (2, "is not UTF-8"),
        (3, {"q": "fine", "a": 3}),
    ]


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a readable Parquet file"):
        read(write(tmp_path, "a.parquet", b"PAR1 nothing of the kind"))


def test_a_folder_is_searched_for_its_split(tmp_path: Path) -> None:
    write(tmp_path, "train.csv", "a\n1\n")
    write(tmp_path, "test.jsonl", "{}\n")
    assert locate(tmp_path, "train") == tmp_path / "train.csv"
    assert locate(str(tmp_path), "test") == tmp_path / "test.jsonl"
    assert locate(tmp_path / "train.csv", "test") == tmp_path / "train.csv"
    with pytest.raises(
        UserError, match=r"there is no file .*validation\.jsonl; beside it are test\.jsonl, train\.csv; set split"
    ):
        locate(tmp_path, "validation")
    with pytest.raises(UserError, match=r"did you mean train\.csv\?"):
        locate(tmp_path / "trian.csv", "train")
    with pytest.raises(UserError, match=r"not of a kind that Whet reads: \.jsonl"):
        locate(write(tmp_path, "notes.txt", "hello"), "train")


def test_random_bytes_never_hang_or_crash(tmp_path: Path) -> None:
    import random

    dice, started = random.Random(5), time.monotonic()
    good = json.dumps({"question": "1 + 1?", "answer": "2"}).encode() + b"\n"
    for turn in range(150):
        content = bytearray(good * 20)
        for _ in range(dice.randrange(1, 30)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        for suffix in (".jsonl", ".csv", ".tsv", ".json", ".parquet"):
            file = write(tmp_path, f"{turn}{suffix}", bytes(content))
            try:
                assert all(isinstance(row, dict | Fault) for _, row in read_rows(file))
            except UserError:
                assert suffix != ".jsonl"
    assert time.monotonic() - started < 20


def test_a_huge_line_inside_quotes_breaks_its_row_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault_module, "LONGEST", 1000)
    file = write(tmp_path, "a.csv", 'a,b\n1,2\n"begins\n' + "y" * 5000 + "\n3,4\n")
    found = read(file)
    assert found[0] == (2, {"a": "1", "b": "2"})
    assert found[-1] == (4, {"a": "3", "b": "4"})
    assert {said for number, said in found if number == 3} == {"is longer than 0 MiB"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'"a,b\n1,2\n', "row 1, the header, is not CSV"),
        (b"\n1,2\n", "row 1, the header, is empty"),
        (b" , \n1,2\n", "row 1, the header, is empty"),
        (b"fr\xe4ge,b\n1,2\n", "row 1, the header, is not UTF-8; if it is Latin-1, save it as UTF-8 with"),
    ],
)
def test_a_header_that_names_no_columns_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(write(tmp_path, "a.csv", content))


def test_a_mark_of_byte_order_inside_a_file_breaks_its_row(tmp_path: Path) -> None:
    """As two files laid end to end have it."""
    (first, (number, said)) = read(write(tmp_path, "a.jsonl", b'{"a": 1}\n\xef\xbb\xbf{"a": 2}\n'))
    assert first == (1, {"a": 1})
    assert number == 2
    assert str(said).startswith("is not JSON")


def test_the_line_of_a_bad_byte_in_a_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.json: line 3 is not UTF-8"):
        read(write(tmp_path, "a.json", b'[{"a": 1},\n{"a": 2},\n{"a": "\xff"}]'))


def test_a_parquet_column_named_twice_is_refused(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.Table.from_arrays([pyarrow.array([1]), pyarrow.array([2])], names=["a", "a"])
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UserError, match="the column 'a' stands in the header twice"):
        read(tmp_path / "a.parquet")


def test_a_parquet_file_that_breaks_off_inside_says_after_which_row(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table({"q": [f"question {i} " + "x" * 50 for i in range(4000)]})
    path = tmp_path / "a.parquet"
    parquet.write_table(table, path, row_group_size=1000, compression="gzip", use_dictionary=False)
    third = parquet.ParquetFile(path).metadata.row_group(2).column(0)
    content = bytearray(path.read_bytes())
    for place in range(third.data_page_offset + 40, third.data_page_offset + third.total_compressed_size - 10):
        content[place] = 0xA5
    path.write_bytes(bytes(content))
    numbers: list[int] = []
    with pytest.raises(UserError, match=r"a\.parquet is not a readable Parquet file") as refusal:
        numbers.extend(number for number, _ in read_rows(path))
    assert len(numbers) <= 2000
    where = f" past row {len(numbers)}:" if numbers else "file:"
    assert where in str(refusal.value)


def test_a_pattern_is_told_to_name_the_folder(tmp_path: Path) -> None:
    (tmp_path / "part-1.jsonl").write_text('{"question": "1?", "answer": "2"}\n')
    with pytest.raises(
        UserError, match=r"part-\*\.jsonl is a pattern; name the folder, whose files are read as one table"
    ):
        locate(tmp_path / "part-*.jsonl", "train")
