"""What was appended since a mark: never lost, never doubled, and a file that was replaced is noticed."""

import json
import os
import threading
from pathlib import Path

import pytest

from whet.runs.byte_cursor import Mark, end_of, read_after


def test_lines_come_once_and_an_unfinished_one_when_it_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(b"one\ntwo\nthr")
    piece = read_after(path, Mark())
    assert (piece.lines, piece.more, piece.reset) == (b"one\ntwo\n", False, False)
    assert read_after(path, piece.mark).lines == b""
    with path.open("ab") as file:
        file.write(b"ee\nfour\n")
    assert read_after(path, piece.mark).lines == b"three\nfour\n"


def test_a_mark_survives_as_text(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"x" * 200 + b"\n")
    mark = read_after(tmp_path / "m", Mark()).mark
    assert Mark.parse(str(mark)) == mark
    assert mark.offset == 201


@pytest.mark.parametrize("text", ["", "1.2", "a.b.c.d", "zz.1.1", "-1.0.0", f"{1 << 70:x}.0.0", "1.2.3\n4"])
def test_what_is_no_mark_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Mark.parse(text)


def test_large_files_come_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "m"
    content = b"".join(b"%04d\n" % number for number in range(1000))
    path.write_bytes(content)
    found, mark, more = b"", Mark(), True
    pieces = 0
    while more:
        piece = read_after(path, mark, most=777)
        found, mark, more, pieces = found + piece.lines, piece.mark, piece.more, pieces + 1
    assert found == content
    assert pieces > 5


def test_a_line_longer_than_a_piece_comes_whole(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"a" * 5000 + b"\nb\n")
    piece = read_after(tmp_path / "m", Mark(), most=100)
    assert piece.lines == b"a" * 5000 + b"\n"
    assert read_after(tmp_path / "m", piece.mark, most=100).lines == b"b\n"


def test_a_rewound_file_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(b"one\ntwo\n")
    mark = read_after(path, Mark()).mark
    (tmp_path / "n").write_bytes(b"one\ntwo\nthree\n")
    (tmp_path / "n").replace(path)
    assert read_after(path, mark).reset


def test_a_truncated_file_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(b"one\ntwo\n")
    mark = read_after(path, Mark()).mark
    os.truncate(path, 4)
    assert read_after(path, mark).reset
    with path.open("ab") as file:
        file.write(b"TWO\n")
    assert read_after(path, mark).reset
    path.unlink()
    assert read_after(path, mark).reset
    assert not read_after(path, Mark()).reset


def test_the_end_is_after_the_last_finished_line(tmp_path: Path) -> None:
    path = tmp_path / "m"
    assert end_of(path) == Mark()
    path.write_bytes(b"no line yet")
    assert end_of(path) == Mark()
    path.write_bytes(b"one\ntw")
    assert end_of(path) == read_after(path, Mark()).mark


def test_a_writer_that_appends_loses_nothing(tmp_path: Path) -> None:
    """A thread writes lines in small parts while a reader follows: every line comes once, in order."""
    path = tmp_path / "m"
    path.touch()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for number in range(2000):
                text = json.dumps({"n": number, "pad": "é" * (number % 50)}).encode() + b"\n"
                file.write(text[: len(text) // 2])
                file.write(text[len(text) // 2 :])

    writer = threading.Thread(target=write)
    writer.start()
    found, mark = b"", Mark()
    while writer.is_alive() or found.count(b"\n") < 2000:
        piece = read_after(path, mark, most=4096)
        assert not piece.reset
        found, mark = found + piece.lines, piece.mark
    writer.join()
    assert [json.loads(one)["n"] for one in found.splitlines()] == list(range(2000))
