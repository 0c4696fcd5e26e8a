"""Files without a name: what is handed to a process by a descriptor."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Any, BinaryIO


@contextmanager
def text_file(text: str) -> Iterator[BinaryIO]:
    """A file that holds this text, ready to be read."""
    with TemporaryFile() as file:
        file.write(text.encode(errors="replace"))
        file.seek(0)
        yield file


@contextmanager
def json_file(value: Any) -> Iterator[BinaryIO]:
    """A file that holds this value as JSON, ready to be read."""
    with text_file(json.dumps(value)) as file:
        yield file
