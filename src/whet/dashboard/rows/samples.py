"""One rollout as a card: reward, parts, advantage, reason of ending, length, answer, text."""

from collections.abc import Mapping, Sequence
from statistics import pstdev
from typing import Any

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.shares import Row, clipped, mean, numbers, share
from whet.runs.index.fill import mean_logprob

LONGEST = 200_000
"""Characters of a completion that are sent at most."""


def sample(run: OpenRun, record: Mapping[str, Any], chars: int = LONGEST) -> Row:
    """A rollout's record as a card with the first `chars` characters of its text."""
    verdict = run.judge(record)
    text, cut = clipped(str(record.get("text") or ""), min(chars, LONGEST))
    mask = record.get("loss_mask")
    return {
        "sample": record["sample"],
        "reward": record.get("reward"),
        "parts": record.get("parts") or {},
        "advantage": record.get("advantage"),
        "finish": record.get("finish"),
        "tokens": len(record.get("tokens") or ()),
        "answer": verdict.answer,
        "correct": verdict.correct,
        "text": text,
        "cut": cut,
        "replayed": bool(record.get("replayed")),
        "logprob": mean_logprob(record),
        "tools": bool(mask) and not all(mask or ()),
    }


def group_head(records: Sequence[Mapping[str, Any]], cards: Sequence[Row]) -> Row:
    """What a group's rollouts have in common, and how they differ: `spread` is the deviation (n) of the rewards."""
    first = records[0]
    rewards = numbers(record.get("reward") for record in records)
    verdicts = [card["correct"] for card in cards if card["correct"] is not None]
    return {
        "step": first["step"],
        "group": first["group"],
        "problem": str(first.get("problem")),
        "question": first.get("question"),
        "gold": first.get("gold"),
        "mean": mean(rewards),
        "spread": pstdev(rewards) if rewards else None,
        "signal": len({record.get("reward") for record in records}) > 1,
        "right": sum(verdicts) if verdicts else None,
        "n": len(records),
        "share": share(sum(verdicts), len(verdicts)),
    }


def token_columns(run: OpenRun, record: Mapping[str, Any]) -> Row:
    """The tokens of a rollout, as columns of one length; what was not recorded is None."""
    ids = record.get("tokens") or []
    known = {key: record.get(key) for key in ("logprobs", "entropy", "ratio", "clipped", "advantages")}
    whole = {key: value if isinstance(value, list) and len(value) == len(ids) else None for key, value in known.items()}
    mask = record.get("loss_mask")
    return {"ids": ids, "texts": run.tokens.of(ids), **whole, "mask": mask or None}
