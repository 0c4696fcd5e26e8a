"""The tables of the rollout index, and how its file is opened: created, brought up to date, or replaced when broken."""

import sqlite3
from contextlib import closing
from pathlib import Path

VERSION = 1
"""Version of the tables (`user_version`); an index of another version is thrown away and built again."""

BUSY = 10_000
"""Milliseconds to wait for another process's transaction."""

TABLES = """
CREATE TABLE files (step INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, rollouts INTEGER NOT NULL);
CREATE TABLE problems (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, question TEXT, gold TEXT);
CREATE TABLE rollouts (
  step INTEGER NOT NULL, grp INTEGER NOT NULL, sample INTEGER NOT NULL, problem INTEGER NOT NULL,
  reward REAL, advantage REAL, logprob REAL, length INTEGER, finish TEXT, correct INTEGER, answer TEXT,
  parts TEXT, signal INTEGER, start INTEGER NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (step, grp, sample)) WITHOUT ROWID;
CREATE INDEX of_problem ON rollouts (problem, step, correct, answer, finish);
CREATE INDEX of_kind ON rollouts (finish, correct, signal);
CREATE TABLE visits (
  problem INTEGER NOT NULL, step INTEGER NOT NULL, grp INTEGER NOT NULL, n INTEGER NOT NULL, judged INTEGER NOT NULL,
  correct INTEGER NOT NULL, reward REAL, signal INTEGER NOT NULL, truncated INTEGER NOT NULL, length REAL,
  PRIMARY KEY (problem, step, grp)) WITHOUT ROWID;
CREATE INDEX of_step ON visits (step);
CREATE TABLE totals (
  problem INTEGER PRIMARY KEY, visits INTEGER NOT NULL, n INTEGER NOT NULL, judged INTEGER NOT NULL,
  correct INTEGER NOT NULL, truncated INTEGER NOT NULL, signals INTEGER NOT NULL,
  first INTEGER NOT NULL, first_judged INTEGER NOT NULL, first_correct INTEGER NOT NULL,
  last INTEGER NOT NULL, last_judged INTEGER NOT NULL, last_correct INTEGER NOT NULL);
"""
"""`files`: what was read, by name and size. `visits`: a row per group. `totals`: a row per problem."""


def open_to_write(path: Path, check: bool = True) -> sqlite3.Connection:
    """Opens the index for writing; creates it where there is none, replaces one that is broken or of another version.

    `check` reads all of its pages to see whether it is broken. Raises `OSError` or `sqlite3.OperationalError` where it
    cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not _is_usable(path, check):
        remove(path)
    connection = _connected(path)
    connection.execute("BEGIN IMMEDIATE")  # of several processes one makes the tables
    if _version(connection) != VERSION:
        for statement in TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
    return connection


def open_to_read(path: Path) -> sqlite3.Connection | None:
    """Opens the index read-only; None where there is none yet, or none that this version reads."""
    if not path.is_file():
        return None
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY / 1000)
        if _version(connection) == VERSION:
            return connection
        connection.close()
    except sqlite3.Error:
        return None
    return None


def remove(path: Path) -> None:
    """Removes the index and its journals."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY / 1000, isolation_level=None)  # transactions by hand
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _is_usable(path: Path, check: bool) -> bool:
    """Whether there is no index yet, or one of this version that is whole as far as that is looked at."""
    if not path.is_file():
        return True
    try:
        with closing(_connected(path)) as connection:
            whole = not check or connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
            return whole and _version(connection) in (0, VERSION)
    except sqlite3.OperationalError:  # locked, or not writable: no reason to throw it away
        raise
    except sqlite3.DatabaseError:
        return False
