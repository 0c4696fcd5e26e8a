"""One group: a question and its completions, whole, token by token; and one completion of it."""

from typing import Any

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.missing import MissingError
from whet.dashboard.rows.samples import group_head, sample, token_columns
from whet.dashboard.rows.shares import Row
from whet.dashboard.rows.step_view import records_of

BEFORE = "SELECT step, grp FROM visits WHERE problem = ? AND (step, grp) < (?, ?) ORDER BY step DESC, grp DESC LIMIT 1"
AFTER = "SELECT step, grp FROM visits WHERE problem = ? AND (step, grp) > (?, ?) ORDER BY step, grp LIMIT 1"


def group_view(run: OpenRun, step: int, group: int, tokens: bool = True) -> Row:
    """The completions of a group, with their tokens where asked for, and the neighbouring visits of its problem.

    Raises `UserError` where there is no such group on disk.
    """
    records = _of_group(run, step, group)
    cards = [_card(run, record, tokens) for record in records]
    head = group_head(records, cards)
    return {
        **head,
        **_visits(run, head["problem"], step, group),
        "tokenizer": run.tokens.why_not if tokens else None,
        "samples": cards,
    }


def rollout_view(run: OpenRun, step: int, group: int, sample_number: int) -> Row:
    """One completion with its tokens, and its siblings without their texts. Raises `UserError` where there is none."""
    records = _of_group(run, step, group)
    chosen = next((record for record in records if record["sample"] == sample_number), None)
    if chosen is None:
        raise MissingError(
            f"sample: group {group} of step {step} has samples 0 to {len(records) - 1}, not {sample_number}"
        )
    siblings = [sample(run, record, 0) for record in records]
    head = group_head(records, siblings)
    return {**head, "tokenizer": run.tokens.why_not, **_card(run, chosen, True), "siblings": siblings}


def _of_group(run: OpenRun, step: int, group: int) -> list[dict[str, Any]]:
    found = records_of(run, step)
    records = [record for record in found if record["group"] == group]
    if not records:
        last = max(record["group"] for record in found)
        raise MissingError(f"group: step {step} has groups 0 to {last}, not {group}")
    return records


def _card(run: OpenRun, record: dict[str, Any], tokens: bool) -> Row:
    extra = {"extra": record.get("extra")}
    return {**sample(run, record), **extra, **({"tokens_of": token_columns(run, record)} if tokens else {})}


def _visits(run: OpenRun, problem: str, step: int, group: int) -> Row:
    """The visits of a problem before and after this one; None where there is none or the index has not got so far."""
    with run.index.reading() as index:
        if index is None:
            return {"previous": None, "next": None}
        number = index.execute("SELECT id FROM problems WHERE name = ?", (problem,)).fetchone()
        found = [index.execute(query, (*(number or (-1,)), step, group)).fetchone() for query in (BEFORE, AFTER)]
    before, after = (dict(zip(("step", "group"), visit, strict=True)) if visit else None for visit in found)
    return {"previous": before, "next": after}
