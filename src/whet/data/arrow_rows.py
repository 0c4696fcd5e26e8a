"""Reads rows of Parquet and Arrow files."""

from pathlib import Path
from typing import Any

from whet.data.class_labels import Names, labels_in, with_names
from whet.data.fault import Fault, Row, Rows, refuse_twice
from whet.data.file_bytes import first_bytes
from whet.errors import UserError


def read_parquet(path: Path) -> Rows:
    """Rows of a Parquet file; raises `UserError` where it is damaged, with the row after which it is."""
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            refuse_twice(path, file.schema_arrow.names)
            labels = labels_in(file.schema_arrow.metadata)
            for batch in file.iter_batches():
                for index in range(batch.num_rows):
                    number += 1
                    yield number, _cells(batch, index, labels)
    except (pyarrow.ArrowException, OSError) as error:
        where = f" past row {number}" if number else ""
        raise UserError(f"{path} is not a readable Parquet file{where}: {str(error).partition(chr(10))[0]}") from error


def read_arrow(path: Path) -> Rows:
    """Rows of an Arrow file, as a stream or with a footer (Feather)."""
    import pyarrow
    from pyarrow import ipc

    try:
        with pyarrow.memory_map(str(path)) as source:
            reader = (ipc.open_file if first_bytes(path).startswith(b"ARROW1") else ipc.open_stream)(source)
            refuse_twice(path, reader.schema.names)
            table = reader.read_all()
    except (pyarrow.ArrowException, OSError) as error:
        raise UserError(f"{path} is not a readable Arrow file: {str(error).partition(chr(10))[0]}") from error
    labels = labels_in(table.schema.metadata)
    cells = (_cells(batch, index, labels) for batch in table.to_batches() for index in range(batch.num_rows))
    return enumerate(cells, 1)


def _cells(batch: Any, index: int, labels: Names) -> Row | Fault:
    try:
        return with_names({name: batch.column(name)[index].as_py() for name in batch.schema.names}, labels)
    except UnicodeDecodeError:
        return Fault("is not UTF-8")
    except (ValueError, OverflowError) as error:
        return Fault(f"has a value that Python cannot represent ({error})")
