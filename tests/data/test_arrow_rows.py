"""Arrow files, as streams and with a footer."""

from pathlib import Path

import pyarrow
import pytest
from pyarrow import feather, ipc

from whet.data.arrow_rows import read_arrow
from whet.data.rows import read_rows
from whet.errors import UserError

TABLE = pyarrow.table({"q": ["1?", "2?"], "a": [1, 2]})
ROWS = [(1, {"q": "1?", "a": 1}), (2, {"q": "2?", "a": 2})]


def test_streams_files_and_feather(tmp_path: Path) -> None:
    with ipc.new_stream(str(tmp_path / "a.arrow"), TABLE.schema) as writer:
        writer.write_table(TABLE)
    feather.write_feather(TABLE, str(tmp_path / "b.feather"), compression="uncompressed")
    assert list(read_arrow(tmp_path / "a.arrow")) == ROWS
    assert list(read_arrow(tmp_path / "b.feather")) == ROWS


def test_a_table_is_known_by_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    from pyarrow import parquet

    parquet.write_table(TABLE, tmp_path / "a.csv")
    assert list(read_rows(tmp_path / "a.csv")) == ROWS


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.arrow").write_bytes(b"nothing of the kind")
    with pytest.raises(UserError, match=r"a\.arrow is not a readable Arrow file"):
        list(read_arrow(tmp_path / "a.arrow"))
