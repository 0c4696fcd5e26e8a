"""One problem over the steps: its pass share at each visit, and how its answers are distributed."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.missing import MissingError
from whet.dashboard.rows.shares import Row, share

WRONG = 6
"""Wrong answers that are told apart; the rest is `others`."""

VISITS = "SELECT step, grp, n, judged, correct, reward, signal, length FROM visits WHERE problem = ? ORDER BY step, grp"
ANSWERS = "SELECT step, grp, correct, answer, finish FROM rollouts WHERE problem = ? ORDER BY step, grp, sample"

Answered = tuple[int, int, int | None, str | None, str | None]
"""Step, group, correct, answer and reason of ending of one response."""

Kind = tuple[str, str | None]
"""`right`, `wrong`, `answer` (no reward says whether it is right), `others`, `none` or `cut`; the answer where it is
one."""


def problem(run: OpenRun, name: str) -> Row:
    """The visits of the problem `name`, each with its answers counted along `kinds`, as far as they are indexed.

    A truncated response without an answer is `cut`, any other without one `none`. Right answers are one kind each
    spelling of which is right; `answer` is the commonest spelling.

    Raises `UserError` where no indexed step has the problem.
    """
    indexed = run.index.refresh()
    with run.index.reading() as index:
        found = None if index is None else _head(index, name)
        if index is None or found is None:
            so_far = "" if indexed["whole"] else f" in the {indexed['steps']} of {indexed['of']} steps indexed so far"
            raise MissingError(f"problem: {name} is not{so_far or ' in this run'}")
        number, question, gold = found
        visits = index.execute(VISITS, (number,)).fetchall()
        answers = index.execute(ANSWERS, (number,)).fetchall()
    kinds = kinds_of(answers)
    places = {kind: place for place, kind in enumerate(kinds)}
    counts: dict[tuple[int, int], list[int]] = {(step, grp): [0] * len(kinds) for step, grp, *_ in visits}
    for step, grp, correct, answer, finish in answers:
        counts[step, grp][places[_joined(kind_of(correct, answer, finish), places)]] += 1
    shares = (sum(row[4] for row in visits), sum(row[3] for row in visits))
    return {
        "problem": name,
        "question": question,
        "gold": gold,
        "share": share(*shares),
        "indexed": indexed,
        "kinds": _described(kinds, answers, counts.values()),
        "visits": [_visit(row, counts[row[0], row[1]]) for row in visits],
    }


def kind_of(correct: int | None, answer: str | None, finish: str | None) -> Kind:
    """The kind of a response.

    >>> kind_of(1, "82", "stop"), kind_of(0, "72", "stop"), kind_of(0, None, "length")
    (('right', None), ('wrong', '72'), ('cut', None))
    """
    if correct:
        return "right", None
    if answer is not None:
        return ("answer" if correct is None else "wrong"), answer
    return ("cut" if finish == "length" else "none"), None


def kinds_of(answers: Sequence[Answered]) -> list[Kind]:
    """The kinds that occur, in the order of the stack: right, the commonest wrong answers, others, none, cut."""
    counts = Counter(kind_of(correct, answer, finish) for _, _, correct, answer, finish in answers)
    wrong = sorted((kind for kind in counts if kind[1] is not None), key=lambda kind: (-counts[kind], kind[1] or ""))
    plain: list[Kind] = [("right", None)] if ("right", None) in counts else []
    others: list[Kind] = [("others", None)] if len(wrong) > WRONG else []
    rest: list[Kind] = [kind for kind in (("none", None), ("cut", None)) if kind in counts]
    return [*plain, *wrong[:WRONG], *others, *rest]


def _head(index: sqlite3.Connection, name: str) -> tuple[int, str | None, str | None] | None:
    query = "SELECT id, question, gold FROM problems JOIN totals ON problem = id WHERE name = ?"
    found = index.execute(query, (name,)).fetchone()
    return tuple(found) if found else None


def _joined(kind: Kind, places: dict[Kind, int]) -> Kind:
    return kind if kind in places else ("others", None)


def _described(kinds: Sequence[Kind], answers: Sequence[Answered], counts: Iterable[Sequence[int]]) -> list[Row]:
    right = Counter(answer for _, _, correct, answer, _ in answers if correct)
    spelled = right.most_common(1)[0][0] if right else None
    totals = [sum(column) for column in zip(*counts, strict=True)]
    return [
        {"answer": spelled if kind == "right" else answer, "kind": kind, "count": total}
        for (kind, answer), total in zip(kinds, totals, strict=True)
    ]


def _visit(row: tuple[Any, ...], counts: list[int]) -> Row:
    step, group, n, judged, correct, reward, signal, length = row
    figures = {"reward": reward, "signal": bool(signal), "length": length, "counts": counts}
    return {"step": step, "group": group, "n": n, "share": share(correct, judged), **figures}
