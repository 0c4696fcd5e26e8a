"""The file of the rollout index: created, kept, replaced when broken, never thrown away when busy."""

import sqlite3
from pathlib import Path

import pytest

from whet.runs.index.schema import VERSION, open_to_read, open_to_write, remove


def test_an_index_is_created_and_kept(tmp_path: Path) -> None:
    path = tmp_path / ".cache" / "index.sqlite"
    assert open_to_read(path) is None
    made = open_to_write(path)
    made.execute("INSERT INTO files VALUES (3, 100, 8)")
    made.close()
    again = open_to_write(path)
    assert again.execute("SELECT step FROM files").fetchall() == [(3,)]
    again.close()
    reading = open_to_read(path)
    assert reading is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reading.execute("DELETE FROM files")
    reading.close()


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_broken_index_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "index.sqlite"
    path.write_bytes(content)
    assert open_to_read(path) is None
    with_tables = open_to_write(path)
    assert with_tables.execute("SELECT count(*) FROM rollouts").fetchone() == (0,)
    with_tables.close()


def test_damage_in_the_middle_is_found_by_the_check(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    made = open_to_write(path)
    made.executemany("INSERT INTO problems (name, question) VALUES (?, ?)", [(str(n), "q" * 500) for n in range(400)])
    made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    made.close()
    content = bytearray(path.read_bytes())
    content[40_000:60_000] = b"\x07" * 20_000
    path.write_bytes(content)
    again = open_to_write(path, check=True)
    assert again.execute("SELECT count(*) FROM problems").fetchone() == (0,)
    again.close()


def test_an_index_of_another_version_is_built_again(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    made = open_to_write(path)
    made.execute("INSERT INTO files VALUES (3, 100, 8)")
    made.execute(f"PRAGMA user_version = {VERSION + 1}")
    made.close()
    assert open_to_read(path) is None
    again = open_to_write(path)
    assert again.execute("SELECT * FROM files").fetchall() == []
    again.close()


def test_a_busy_index_is_not_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet.runs.index.schema.BUSY", 10)
    path = tmp_path / "index.sqlite"
    made = open_to_write(path)
    made.execute("INSERT INTO files VALUES (3, 100, 8)")
    made.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        open_to_write(path)
    made.execute("COMMIT")
    assert made.execute("SELECT step FROM files").fetchall() == [(3,)]
    made.close()


def test_nothing_is_left_of_a_removed_index(tmp_path: Path) -> None:
    made = open_to_write(tmp_path / "index.sqlite")
    made.execute("INSERT INTO files VALUES (3, 100, 8)")
    remove(tmp_path / "index.sqlite")
    made.close()
    assert list(tmp_path.glob("*.sqlite")) == []
