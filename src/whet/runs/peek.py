"""Looks into a long file of lines without reading all of it: its last lines, and lines spread over it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whet.runs.figure_columns import parsed

WINDOW = 1 << 15
"""Bytes that are read at the end: a line of metrics has about one thousand."""

SMALL_WINDOW = 1 << 13
"""Bytes that are read at each of many places."""


def last_records(path: Path, window: int = WINDOW) -> list[dict[str, Any]]:
    """The records of the last finished lines, as many as lie within `window` bytes; empty where there is no file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            start = max(0, size - window)
            file.seek(start)
            return list(parsed(_whole(file.read(), start)))
    except OSError:
        return []


def spread_records(path: Path, places: int, window: int = SMALL_WINDOW) -> Iterator[list[dict[str, Any]]]:
    """Yields the records found at up to `places` places spread evenly over the file, in order.

    A file that is small enough is read whole and split evenly.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size <= places * window:
                file.seek(0)
                yield from _split(list(parsed(_whole(file.read(), 0))), places)
                return
            for place in range(places):
                start = place * (size - window) // max(1, places - 1)
                file.seek(start)
                yield list(parsed(_whole(file.read(window), start)))
    except OSError:
        return


def _whole(content: bytes, start: int) -> bytes:
    """The whole lines of a part of a file that begins at `start`."""
    begins = content.find(b"\n") + 1 if start else 0
    return content[begins : content.rfind(b"\n") + 1]


def _split(records: list[dict[str, Any]], places: int) -> Iterator[list[dict[str, Any]]]:
    count = min(places, len(records))
    for index in range(count):
        yield records[index * len(records) // count : (index + 1) * len(records) // count]
