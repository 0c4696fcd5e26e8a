"""The ends and a few places of long files."""

import json
from itertools import pairwise
from pathlib import Path

from whet.runs.peek import last_records, spread_records


def write(path: Path, count: int) -> Path:
    path.write_text("".join(json.dumps({"step": step, "pad": "x" * 80}) + "\n" for step in range(count)))
    return path


def test_the_last_records_are_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "m", 500)
    with path.open("a") as file:
        file.write('{"step": 500, "pa')
    found = [record["step"] for record in last_records(path, window=1000)]
    assert found[-1] == 499
    assert found == list(range(found[0], 500))
    assert 5 < len(found) < 12


def test_a_short_file_is_read_whole_and_split_evenly(tmp_path: Path) -> None:
    parts = list(spread_records(write(tmp_path / "m", 10), places=4))
    assert [[record["step"] for record in part] for part in parts] == [[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]]
    assert [len(part) for part in spread_records(write(tmp_path / "s", 2), places=4)] == [1, 1]


def test_a_long_file_is_looked_into_from_start_to_end(tmp_path: Path) -> None:
    parts = list(spread_records(write(tmp_path / "m", 2000), places=5, window=2000))
    firsts = [part[0]["step"] for part in parts]
    assert len(parts) == 5
    assert firsts[0] == 0
    assert parts[-1][-1]["step"] == 1999
    assert all(400 < b - a < 600 for a, b in pairwise(firsts))


def test_no_file_is_empty(tmp_path: Path) -> None:
    assert last_records(tmp_path / "no") == []
    assert list(spread_records(tmp_path / "no", 4)) == []
