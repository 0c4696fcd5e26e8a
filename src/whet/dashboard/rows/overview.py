"""A run in one screen: is it learning, is it healthy, what does it say, what does it cost."""

from collections.abc import Iterator

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.added import cursor_at_end
from whet.dashboard.rows.curves import series
from whet.dashboard.rows.findings import found_in
from whet.dashboard.rows.piles import answer, compared
from whet.dashboard.rows.run_list import run_row
from whet.dashboard.rows.samples import sample
from whet.dashboard.rows.shares import Row
from whet.dashboard.rows.stages import stages
from whet.dashboard.rows.waste import cost
from whet.eval.comparison import Pair
from whet.eval.headline import headline

CURVE = 200
"""Points of the curve of rewards."""


def overview(run: OpenRun) -> Row:
    """The whole of a run's first screen. Needs no index."""
    cursor = cursor_at_end(run)
    found = compared(run)
    columns = run.metrics.phase("grpo")
    known = "reward" in columns.values
    curve = series(columns, "reward", CURVE) if known else {"x": [], "y": []}
    return {
        "run": run_row(run),
        "cursor": cursor,
        "headline": headline(found[0]) if found else None,
        "verdict": {"kind": found[0].verdict if found else None},
        "stages": stages(run),
        "reward": {"x": curve["x"], "y": curve["y"]},
        "findings": found_in(run)[::-1],
        "samples": list(_samples(run, found[1] if found else [])),
        "cost": cost(run),
    }


def _samples(run: OpenRun, pairs: list[Pair]) -> Iterator[Row]:
    """Up to three completions: one that training fixed, one still wrong, and the strangest of the newest step."""
    fixed = [pair for pair in pairs if pair[1].correct and not pair[0].correct]
    wrong = [pair for pair in pairs if not pair[1].correct]
    if fixed:
        yield _pair("gained", "wrong before, right after", max(fixed, key=lambda pair: pair[1].tokens))
    if wrong:
        yield _pair("wrong", "still wrong", min(wrong, key=lambda pair: (not pair[1].formatted, pair[1].tokens)))
    yield from _strangest(run)


def _pair(kind: str, why: str, pair: Pair) -> Row:
    before, after = pair
    head = {"problem": after.id, "question": after.question, "gold": after.gold}
    return {"kind": kind, "why": why, **head, "before": answer(before), "after": answer(after), "rollout": None}


def _strangest(run: OpenRun) -> Iterator[Row]:
    """The rollout of the newest step that the policy itself held for the least likely, token by token."""
    steps = run.metrics.phase("grpo").steps
    lines = run.step_lines(steps[-1]) if steps else None
    if not lines:
        return
    cards = [(sample(run, line.record), line.record) for line in lines]
    cards = [pair for pair in cards if pair[0]["logprob"] is not None]
    if not cards:
        return
    card, record = min(cards, key=lambda pair: pair[0]["logprob"])
    said = {key: card[key] for key in ("answer", "correct", "tokens", "finish")}
    yield {
        "kind": "strange",
        "why": f"least likely of step {record['step']}: {card['logprob']:.2f} nats a token",
        "problem": str(record.get("problem")),
        "question": record.get("question"),
        "gold": record.get("gold"),
        "before": None,
        "after": {"response": card["text"], **said, "lenient": None, "formatted": None},
        "rollout": {key: record[key] for key in ("step", "group", "sample")},
    }
