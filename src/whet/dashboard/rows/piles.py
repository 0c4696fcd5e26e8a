"""Two held-out evaluations side by side: fixed, broken, still right, still wrong, with the paired difference."""

from collections.abc import Callable, Mapping

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.missing import MissingError
from whet.dashboard.rows.shares import Row, difference
from whet.dashboard.rows.stages import stages
from whet.errors import UserError
from whet.eval.comparison import Comparison, Pair
from whet.eval.headline import headline
from whet.eval.record import Record

PILES: dict[str, Callable[[bool, bool], bool]] = {
    "fixed": lambda before, after: after and not before,
    "broken": lambda before, after: before and not after,
    "right": lambda before, after: before and after,
    "wrong": lambda before, after: not before and not after,
}
"""By name, whether a problem that was and is right or not belongs there."""

PAIRED = ("strict", "lenient", "sentence", "headline", "verdict")


def piles(
    run: OpenRun,
    before: str | None = None,
    after: str | None = None,
    pile: str | None = None,
    text: str = "",
    offset: int = 0,
    limit: int = 20,
    other: OpenRun | None = None,
) -> Row:
    """The evaluation `after` beside `before`, problem by problem; `after` is of the run `other` where that is given.

    The default is the last one beside the first one. `pile` is one of `PILES`; the pairs of it whose id or question
    holds `text` are given from `offset` on. Where there is one evaluation alone, pairs have no `before`.

    Raises `UserError` for a stage or pile that there is not.
    """
    made, others = stages(run), None if other is None else stages(other)
    names, later = [one["stage"] for one in made], [one["stage"] for one in (made if others is None else others)]
    after = _known("after", after, later) or (later[-1] if later else None)
    before = _known("before", before, names) or (names[0] if names and (other or names[0] != after) else None)
    of_before = run.records(before) if before else {}
    of_after = (other or run).records(after) if after else {}
    shared = [id for id in of_after if id in of_before]
    pairs = [(of_before[id], of_after[id]) for id in shared if _same(of_before[id], of_after[id])]
    head = {"stages": made, "others": others, "before": before, "after": after}
    if not pairs:
        return {**head, **_alone(of_before, of_after, pile, text, offset, limit)}
    counts = _counts(pairs)
    chosen = pile or next((name for name in PILES if counts[name]), "fixed")
    kept = [pair for pair in pairs if _belongs(pair, chosen) and _holds(pair[1], text)]
    return {
        **head,
        "problems": len(pairs),
        "only_before": len(of_before) - len(pairs),
        "only_after": len(of_after) - len(pairs),
        **_compared(str(before), str(after), pairs),
        "piles": counts,
        "pile": chosen,
        "total": len(kept),
        "pairs": [_pair(*pair) for pair in kept[offset : offset + limit]],
    }


def answer(record: Record) -> Row:
    """A completion of an evaluation with its verdict."""
    keys = ("response", "answer", "correct", "lenient", "formatted", "tokens", "finish")
    return {key: getattr(record, key) for key in keys}


def compared(run: OpenRun) -> tuple[Comparison, list[Pair]] | None:
    """The comparison of the last evaluation with the first one; None where there are not two of the same problems."""
    names = [one["stage"] for one in stages(run)]
    if len(names) < 2:
        return None
    before, after = run.records(names[0]), run.records(names[-1])
    pairs = [(before[id], after[id]) for id in after if id in before and _same(before[id], after[id])]
    return (Comparison(names[0], names[-1], tuple(pairs)), pairs) if pairs else None


def _known(name: str, stage: str | None, there: list[str]) -> str | None:
    if stage is not None and stage not in there:
        raise MissingError(f"{name}: this run has no evaluation {stage!r}; it has {', '.join(there) or 'none yet'}")
    return stage


def _same(a: Record, b: Record) -> bool:
    return (a.question, a.gold) == (b.question, b.gold)


def _belongs(pair: Pair, pile: str) -> bool:
    if pile not in PILES:
        raise UserError(f"pile: is {pile!r}; it must be one of {', '.join(PILES)}")
    return PILES[pile](pair[0].correct, pair[1].correct)


def _counts(pairs: list[Pair]) -> dict[str, int]:
    return {name: sum(_belongs(pair, name) for pair in pairs) for name in PILES}


def _compared(before: str, after: str, pairs: list[Pair]) -> Row:
    found = Comparison(before, after, tuple(pairs))
    paired = {"strict": difference(found.strict), "lenient": difference(found.lenient)}
    return {**paired, "sentence": found.sentence, "headline": headline(found), "verdict": found.verdict}


def _alone(
    before: Mapping[str, Record], after: Mapping[str, Record], pile: str | None, text: str, offset: int, limit: int
) -> Row:
    """What there is to show of evaluations that share no problem: the later one alone."""
    counts = {"fixed": 0, "broken": 0, **_sides(after)}
    chosen = pile if pile in ("right", "wrong") else "wrong"
    kept = [one for one in after.values() if one.correct == (chosen == "right") and _holds(one, text)]
    pairs = [{**_head(one), "before": None, "after": answer(one), "differs": None} for one in kept]
    return {
        "problems": len(after),
        "only_before": len(before),
        "only_after": len(after),
        **dict.fromkeys(PAIRED),
        "piles": counts,
        "pile": chosen,
        "total": len(kept),
        "pairs": pairs[offset : offset + limit],
    }


def _sides(records: Mapping[str, Record]) -> dict[str, int]:
    right = sum(one.correct for one in records.values())
    return {"right": right, "wrong": len(records) - right}


def _holds(record: Record, text: str) -> bool:
    return text.lower() in f"{record.id} {record.question}".lower()


def _head(record: Record) -> Row:
    return {"problem": record.id, "question": record.question, "gold": record.gold}


def _pair(before: Record, after: Record) -> Row:
    a, b = before.response, after.response
    shorter = min(len(a), len(b))
    differs = next((at for at in range(shorter) if a[at] != b[at]), shorter)
    return {**_head(after), "before": answer(before), "after": answer(after), "differs": differs}
