"""A recipe with different settings, or with different versions of Whet: time, gain, and seconds to an accuracy.

    python -m benchmarks.variants quickstart --out FOLDER --target 0.4 --seeds 0 1 2 \\
        --variant 'today@../main/src' --variant 'half eval.every=2 grpo.learn_from=4'

A variant is a name, after an `@` the `src` folder of another version, and settings as KEY=VALUE. Variants take turns,
seed by seed, each run in a process of its own. Give all of them the same `eval.every` for the seconds to an accuracy:
evaluations are not on that clock. Runs that are finished already are read, not made again.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Self

from benchmarks.table import Table
from whet.errors import UserError
from whet.eval.comparison import p_text, points
from whet.eval.record import Record
from whet.eval.statistics import paired_difference
from whet.runs.reader import RunReader

WALL = "wall.json"
"""The file with a run's seconds from start to end, beside its folder."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Settings, and perhaps another version, by name."""

    name: str
    source: str = ""
    """The `src` folder of the version; empty for this one."""
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `NAME[@SOURCE] [KEY=VALUE ...]`.

        >>> Variant.parse("half@../main/src grpo.learn_from=4")
        Variant(name='half', source='../main/src', settings={'grpo.learn_from': '4'})
        """
        first, *pairs = shlex.split(text)
        name, _, source = first.partition("@")
        return cls(name, source, dict(pair.split("=", 1) for pair in pairs))

    def command(self, recipe: str, folder: Path, seed: int) -> list[str]:
        """The command that trains this variant."""
        own = {**self.settings, "seed": str(seed), "run.folder": str(folder), "run.name": self.run(seed)}
        words = [word for key, value in own.items() for word in (f"--{key}", value)]
        return [sys.executable, "-m", "whet", "train", recipe, *words]

    def run(self, seed: int) -> str:
        """The name of its run folder."""
        return f"{self.name}-{seed}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to."""

    seconds: float
    """From start to end, evaluations and loading included."""
    training: float
    """Of the steps of warm start and GRPO."""
    accuracies: Mapping[int, float]
    """Held-out accuracy by GRPO step, 0 for the start of GRPO."""
    steps: Sequence[float]
    """Seconds of each GRPO step."""
    warm_start: float
    """Seconds of the warm start's steps."""
    final: Mapping[str, Record]

    @property
    def accuracy(self) -> float:
        """At the end."""
        return self.accuracies[max(self.accuracies)]

    @property
    def gain(self) -> float:
        """Over the start of GRPO."""
        return self.accuracy - self.accuracies[0]

    def seconds_to(self, target: float) -> float | None:
        """Seconds of warm start and GRPO until the first evaluation that reached `target`; None where none did."""
        clock = list(accumulate(self.steps, initial=self.warm_start))
        return next((clock[step] for step, found in sorted(self.accuracies.items()) if found >= target), None)


def trained(variant: Variant, recipe: str, folder: Path, seed: int) -> Outcome:
    """Trains where that is not done yet, and reads what it came to. Raises `UserError` where the run fails."""
    run, wall = folder / variant.run(seed), folder / f"{variant.run(seed)}-{WALL}"
    if not wall.is_file():
        environment = {**os.environ, **({"PYTHONPATH": variant.source} if variant.source else {})}
        began = time.monotonic()
        done = subprocess.run(variant.command(recipe, folder, seed), env=environment, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise UserError(f"variants: {variant.run(seed)} failed (exit {done.returncode}) and said last: {last}")
        wall.write_text(json.dumps(time.monotonic() - began), encoding="utf-8")
    return outcome(RunReader(run), json.loads(wall.read_text("utf-8")))


def outcome(run: RunReader, seconds: float) -> Outcome:
    """Reads what a run came to that took so many `seconds` from start to end."""
    made = {stage: float(summary["accuracy"]) for stage, summary in run.evaluations().items()}
    spent = {phase: [line["step_time"] for line in run.timings(phase)] for phase in ("sft", "grpo")}
    on_the_way = {int(stage.rpartition("-")[2]): found for stage, found in made.items() if stage.startswith("step-")}
    start = made.get("sft", made["base"])
    return Outcome(
        seconds=seconds,
        training=sum(spent["sft"]) + sum(spent["grpo"]),
        accuracies={0: start, **on_the_way, len(spent["grpo"]): made["final"]},
        steps=spent["grpo"],
        warm_start=sum(spent["sft"]),
        final=run.records("final"),
    )


def tables(recipe: str, found: Mapping[str, Sequence[Outcome]], seeds: Sequence[int], target: float) -> list[Table]:
    """Time and gain of each variant, and the final accuracies of all but the first compared with it, paired."""
    title = f"{recipe}, seeds {', '.join(map(str, seeds))}"
    columns = ("", "s in all", "s of training", f"s to {target:.0%}", "accuracy at the end", "gain of GRPO")
    rows = [[name, *_row(outcomes, target)] for name, outcomes in found.items()]
    (_, first), *others = found.items()
    paired = [[name, *_paired(first, outcomes)] for name, outcomes in others]
    return [
        Table("variants", title, columns, rows, {}),
        Table("paired", "At the end, less the first", ("", "points", "95 %", "gained / lost", "p"), paired, {}),
    ]


def _row(outcomes: Sequence[Outcome], target: float) -> list[str]:
    reached = [one.seconds_to(target) for one in outcomes]
    return [
        f"{median(one.seconds for one in outcomes):.0f}",
        f"{median(one.training for one in outcomes):.0f}",
        ", ".join("not reached" if spent is None else f"{spent:.0f}" for spent in reached),
        ", ".join(f"{100 * one.accuracy:.1f} %" for one in outcomes),
        ", ".join(points(one.gain) for one in outcomes),
    ]


def _paired(first: Sequence[Outcome], others: Sequence[Outcome]) -> list[str]:
    """Over the problems that both runs of a seed were asked, of all seeds."""
    before, after = [], []
    for one, other in zip(first, others, strict=True):
        shared = [problem for problem in one.final if problem in other.final]
        before += [one.final[problem].correct for problem in shared]
        after += [other.final[problem].correct for problem in shared]
    of = paired_difference(before, after)
    interval = f"[{points(of.low)}, {points(of.high)}]"
    return [points(of.difference), interval, f"{of.fixed} / {of.broken}", p_text(of.p_value).removeprefix("p = ")]


def main() -> None:
    """Trains in turn and prints the tables after each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the runs")
    parser.add_argument("--variant", type=Variant.parse, action="append", required=True, dest="variants")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--target", type=float, default=0.4, help="held-out accuracy, between 0 and 1")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Outcome]] = {variant.name: [] for variant in asked.variants}
    for number, seed in enumerate(asked.seeds):
        for variant in asked.variants[number % 2 :] + asked.variants[: number % 2]:  # who begins takes turns too
            found[variant.name].append(trained(variant, asked.recipe, asked.out, seed))
        for table in tables(asked.recipe, found, asked.seeds[: number + 1], asked.target):
            print(table.markdown(), flush=True)


if __name__ == "__main__":
    main()
