"""On-disk cache of judge replies, by a digest of the request."""

import hashlib
import json
import logging
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from whet.errors import UserError

_LOG = logging.getLogger("whet.judge")

WAIT = 30.0
"""Seconds to wait for another process's lock on the file."""


def digest(request: Mapping[str, Any]) -> str:
    """SHA-256 of a request in hex, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


class ReplyCache:
    """A SQLite file of digest → reply that any number of processes may share. It holds no request and no key.

    A later error of the file loses look-ups and stores, not verdicts, and is logged once.
    """

    def __init__(self, path: Path) -> None:
        """Opens or creates the file at `path`.

        Raises:
            UserError: it cannot be created, or is no such file.
        """
        self.path, self._failed = path, False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._execute("CREATE TABLE IF NOT EXISTS replies (digest TEXT PRIMARY KEY, reply TEXT NOT NULL)")
        except (OSError, sqlite3.Error) as error:
            fix = "set WHET_CACHE to a folder that can be written, or write `cache: false`"
            raise UserError(f"WHET_CACHE: {path} cannot keep replies ({error}); {fix}") from error

    def get(self, digest: str) -> str | None:
        """The reply stored under `digest`; `None` without one."""
        rows = self._try("SELECT reply FROM replies WHERE digest = ?", digest)
        return str(rows[0][0]) if rows else None

    def put(self, digest: str, reply: str) -> None:
        """Stores `reply` under `digest`, committed when this returns."""
        self._try("INSERT OR REPLACE INTO replies VALUES (?, ?)", digest, reply)

    def _try(self, statement: str, *values: str) -> list[Any]:
        try:
            return self._execute(statement, *values)
        except sqlite3.Error as error:
            if not self._failed:
                _LOG.warning("judge: replies cannot be kept (%s); they will be paid for again", error)
            self._failed = True
            return []

    def _execute(self, statement: str, *values: str) -> list[Any]:
        """Runs a statement in a transaction on a connection of its own, since steps may run in different threads."""
        with closing(sqlite3.connect(self.path, timeout=WAIT)) as connection, connection:
            return connection.execute(statement, values).fetchall()
