"""Table 3, learning: a recipe's GRPO at natural lengths, from the same warm start, to the same held-out accuracy."""

import sys
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from whet.bench.rounds import Contestant, Say, Spread
from whet.bench.table import Table

COLUMNS = ("", "s per step", "rollout", "tokens/s", "accuracy at the end", "s to {target:.0%}", "times Whet")


def learning(
    contestants: Sequence[Contestant],
    recipe: str,
    seeds: Sequence[int],
    steps: int,
    every: int,
    target: float,
    folder: Path,
    say: Say,
) -> Table:
    """For each seed: one warm start, then every contestant's GRPO from it, in turn; exams are not on the clock."""
    found: dict[str, list[dict[str, Any]]] = {contestant.name: [] for contestant in contestants}
    warm = Contestant("warm start", sys.executable, "warm_start.py")
    exam = Contestant("exam", sys.executable, "exam.py")
    for seed in seeds:
        say(f"seed {seed}: warm start")
        start = warm.run({"recipe": recipe, "overrides": {"seed": seed}, "folder": str(folder / f"warm-{seed}")})
        overrides = {"seed": seed, "model.name": start["model"], "sft.when": "never", "grpo.steps": steps}
        for contestant in contestants:
            say(f"seed {seed}: {contestant.name}")
            own = folder / f"{contestant.name.replace(' ', '-')}-{seed}"
            result = contestant.run({"recipe": recipe, "overrides": overrides, "every": every, "folder": str(own)})
            say(f"seed {seed}: exams of {contestant.name}")
            folders = [start["model"], *(weights for _, weights in result["snapshots"])]
            taken = exam.run({"recipe": recipe, "overrides": overrides, "folders": folders})
            at = [0, *(step for step, _ in result.pop("snapshots"))]
            found[contestant.name].append(
                {"seed": seed, **result, "exams": dict(zip(at, taken["accuracies"], strict=True))}
            )
    ours = _median_time(found[contestants[0].name], target)
    return Table(
        name="learning",
        title=f"Learning: {steps} steps of the {recipe} recipe's GRPO from the same warm start, seeds "
        f"{', '.join(map(str, seeds))}",
        columns=[column.format(target=target) for column in COLUMNS],
        rows=[_row(name, results, target, ours) for name, results in found.items()],
        data={"recipe": recipe, "steps": steps, "target": target, "contestants": found},
    )


def seconds_to(result: Mapping[str, Any], target: float) -> float | None:
    """Seconds of training until the first exam that reached the target; None where none did.

    >>> seconds_to({"seconds": [1.0, 2.0, 3.0], "exams": {0: 0.1, 2: 0.5, 3: 0.4}}, 0.5)
    3.0
    >>> seconds_to({"seconds": [1.0], "exams": {0: 0.1, 1: 0.4}}, 0.5) is None
    True
    """
    clock = [0.0, *accumulate(result["seconds"])]
    return next((clock[step] for step, accuracy in sorted(result["exams"].items()) if accuracy >= target), None)


def _median_time(results: Sequence[Mapping[str, Any]], target: float) -> float | None:
    times = [seconds_to(result, target) for result in results]
    reached = [spent for spent in times if spent is not None]
    return Spread.of(reached).median if len(reached) == len(times) else None


def _row(name: str, results: Sequence[Mapping[str, Any]], target: float, ours: float | None) -> list[str]:
    step = Spread.of([spent for result in results for spent in result["seconds"]])
    rollout = Spread.of([spent for result in results for spent in result["rollout"]])
    tokens = sum(sum(result["tokens"]) for result in results)
    ends = [result["exams"][max(result["exams"])] for result in results]
    taken = _median_time(results, target)
    return [
        name,
        str(step),
        f"{rollout.median:.2f}",
        f"{tokens / sum(sum(result['seconds']) for result in results):.0f}",
        ", ".join(f"{100 * end:.1f} %" for end in ends),
        "not reached" if taken is None else f"**{taken:.0f}**",
        "" if taken is None or not ours else f"**{taken / ours:.1f}**",
    ]
