"""Table 3, learning: a recipe's GRPO at natural lengths, from the same warm start, to the same held-out accuracy."""

import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.rounds import Contender, Log, Spread
from benchmarks.table import Table

COLUMNS = ("", "s per step", "rollout", "tokens/s", "accuracy at the end", "s to {target:.0%}", "times Whet")


def learning(
    contenders: Sequence[Contender],
    recipe: str,
    seeds: Sequence[int],
    steps: int,
    every: int,
    target: float,
    folder: Path,
    log: Log,
    keep: Callable[[Table], None],
) -> Table:
    """For each seed: one warm start, then every contender's GRPO from it, in turn; exams are not on the clock.

    `keep` is handed the table so far after each seed: hours of measuring are not lost to a power cut.
    """
    found: dict[str, list[dict[str, Any]]] = {contender.name: [] for contender in contenders}
    given = {"recipe": recipe, "steps": steps, "target": target}
    table = _table(found, given)
    for seed in seeds:
        log(f"seed {seed}: warm start")
        start = _warm_start(recipe, seed, folder)
        overrides = {"seed": seed, "model.name": start, "sft.when": "never", "grpo.steps": steps}
        for contender in contenders:
            log(f"seed {seed}: {contender.name}")
            own = folder / f"{contender.name.replace(' ', '-')}-{seed}"
            result = contender.run({"recipe": recipe, "overrides": overrides, "every": every, "folder": str(own)})
            log(f"seed {seed}: exams of {contender.name}")
            exams = _exams({"recipe": recipe, "overrides": overrides}, [(0, start), *result.pop("snapshots")])
            found[contender.name].append({"seed": seed, **result, "exams": exams})
        table = _table(found, given)
        keep(table)
    return table


def _warm_start(recipe: str, seed: int, folder: Path) -> str:
    """The folder with the weights that every contender begins with."""
    worker = Contender("warm start", sys.executable, "warm_start.py")
    work = {"recipe": recipe, "overrides": {"seed": seed}, "folder": str(folder / f"warm-{seed}")}
    model: str = worker.run(work)["model"]
    return model


def _exams(asked: Mapping[str, Any], snapshots: Sequence[tuple[int, str]]) -> dict[int, float]:
    """By step, the held-out accuracy of the weights saved after it."""
    worker = Contender("held_out_eval", sys.executable, "held_out_eval.py")
    accuracies = worker.run({**asked, "folders": [folder for _, folder in snapshots]})["accuracies"]
    return dict(zip((step for step, _ in snapshots), accuracies, strict=True))


def _table(found: Mapping[str, Sequence[Mapping[str, Any]]], given: Mapping[str, Any]) -> Table:
    ours, *_ = found.values()
    target, seeds = given["target"], [str(result["seed"]) for result in ours]
    fastest = _median_time(ours, target) if ours else None
    return Table(
        name="learning",
        title=f"Learning: {given['steps']} steps of the {given['recipe']} recipe's GRPO from the same warm start, "
        f"seeds {', '.join(seeds)}",
        columns=[column.format(target=target) for column in COLUMNS],
        rows=[_row(name, results, target, fastest) for name, results in found.items() if results],
        data={**given, "contenders": {name: list(results) for name, results in found.items()}},
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
