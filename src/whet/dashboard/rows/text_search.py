"""Searches the completions and questions of a run for a text, the newest step first, and says how far it has got."""

import re
import time
from collections.abc import Iterator
from typing import Any

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.shares import Row
from whet.runs import layout
from whet.runs.index.step_file import lines_of, sizes

AROUND = 40
"""Characters of a snippet on either side of what was found."""

TELL = 0.25
"""Seconds between two lines of progress."""

FIELDS = ("text", "question")


def search(
    run: OpenRun,
    text: str,
    first: int | None = None,
    last: int | None = None,
    limit: int = 200,
    case: bool = False,
) -> Iterator[Row]:
    """Yields `hit`s and `progress`, then `done` with the number of hits; stops after `limit` hits.

    A question is looked at once for each group. Closing the iterator stops the search.
    """
    steps = sorted((step for step in sizes(run.path) if _between(step, first, last)), reverse=True)
    hits, told = 0, time.monotonic()
    for done, step in enumerate(steps, 1):
        for hit in _hits(run, step, text, case):
            yield {"hit": hit}
            hits += 1
            if hits >= limit:
                yield {"done": True, "hits": hits, "full": True}
                return
        if time.monotonic() - told >= TELL:
            told = time.monotonic()
            yield {"progress": {"steps": done, "of": len(steps)}}
    yield {"progress": {"steps": len(steps), "of": len(steps)}}
    yield {"done": True, "hits": hits, "full": False}


def _between(step: int, first: int | None, last: int | None) -> bool:
    return (first is None or step >= first) and (last is None or step <= last)


def _hits(run: OpenRun, step: int, text: str, case: bool) -> Iterator[Row]:
    path = run.path / layout.ROLLOUTS / layout.rollouts_name(step)
    try:
        content = b"" if path.is_symlink() else path.read_bytes()
    except OSError:
        return
    if not _may_hold(content, text, case):
        return
    asked: set[int] = set()
    for line in lines_of(content):
        record = line.record
        for field in FIELDS:
            if field == "question" and record["group"] in asked:
                continue
            if (found := _found(str(record.get(field) or ""), text, case)) is not None:
                yield _hit(record, field, *found)
        asked.add(record["group"])


def _may_hold(content: bytes, text: str, case: bool) -> bool:
    """Whether a step's file may hold `text`: a fast look at its bytes that says yes too often, never no."""
    if not text.isascii() or any(letter in '"\\/' or not letter.isprintable() for letter in text):
        return True  # JSON may spell it in another way
    needle = text.encode()
    return needle in content if case else needle.lower() in content.lower()


def _found(whole: str, text: str, case: bool) -> tuple[str, int, int] | None:
    """The surroundings of the first place of `text`, where it stands in them, and its length."""
    match = re.search(re.escape(text), whole, 0 if case else re.IGNORECASE | (re.ASCII if text.isascii() else 0))
    if match is None:
        return None
    start, end = match.span()
    return whole[max(0, start - AROUND) : end + AROUND], min(start, AROUND), end - start


def _hit(record: dict[str, Any], field: str, snippet: str, at: int, length: int) -> Row:
    place = {key: record[key] for key in ("step", "group", "sample")}
    found = {"field": field, "snippet": snippet, "at": at, "length": length}
    return {**place, "problem": str(record.get("problem")), **found}
