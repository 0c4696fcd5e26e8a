"""Replies on disk, by a digest of what was asked: the same question is paid for once."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from whet.errors import UserError

PATIENCE = 30.0
"""Seconds to wait for another process that writes."""


def digest(asked: Mapping[str, Any]) -> str:
    """Equal for two requests that ask the same of the same model."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


class ReplyCache:
    """A SQLite file of digest → reply that any number of processes may share. It holds no question and no key."""

    def __init__(self, path: Path) -> None:
        """Opens the file at `path`, or makes it.

        Raises:
            UserError: it cannot be made or is no such file.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as file:
                file.execute("CREATE TABLE IF NOT EXISTS replies (digest TEXT PRIMARY KEY, reply TEXT NOT NULL)")
        except (OSError, sqlite3.Error) as error:
            fix = "set WHET_CACHE to a folder that can be written, or write `cache: false`"
            raise UserError(f"WHET_CACHE: {path} cannot keep replies ({error}); {fix}") from error

    def get(self, digest: str) -> str | None:
        """The reply kept under `digest`."""
        with self._open() as file:
            row = file.execute("SELECT reply FROM replies WHERE digest = ?", (digest,)).fetchone()
        return str(row[0]) if row else None

    def put(self, digest: str, reply: str) -> None:
        """Keeps `reply` under `digest`, on the disk when this returns."""
        with self._open() as file:
            file.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (digest, reply))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The file inside a transaction; a connection for each, since every step may have a thread of its own."""
        with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as connection, connection:
            yield connection
