"""GRPO steps of one recipe, shared by 1, 2 and 4 processes of this machine, and sampled one step ahead on Ray.

    python -m benchmarks.processes RECIPE --out FOLDER [--set KEY=VALUE ...] [--rounds 2] [--steps 5] [--ways NAME ...]

The ways take turns, A B A B …, each run a `whet train` of its own, from the same model, without a warm start; the first
and the last of its steps are left out (nothing has been sampled ahead at the first, nothing is at the last). Beside
the measured steps stands the simulation of docs/scaling.md for the same completions, with what one of so many
processes has of this machine. Runs that are finished already are read, not made again.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.rounds import CONTENDERS, Spread
from benchmarks.scaling import FLOAT, Links, simulated
from benchmarks.table import Table
from benchmarks.warm_starts import settings
from whet.api import load_recipe
from whet.compute.limit import Lengths, Machine, Shape
from whet.config import Config
from whet.recipe import dump_recipe
from whet.runs.reader import RunReader

SMALL = {"sft.when": "never", "check.problems": 1, "check.on_no_signal": "train", "eval.problems": 1}
"""What is not measured is kept short."""

RAY = {"rollout.engine": "ray", "rollout.ray.workers": 1, "grpo.objective.importance": "token"}


@dataclass(frozen=True, slots=True)
class Way:
    """How the cores are shared by a step."""

    processes: int
    threads: int
    """Of each process."""
    changes: Mapping[str, Any] = field(default_factory=dict)


WAYS: Mapping[str, Way] = {
    "1 x 2": Way(1, 2),
    "2 x 1": Way(2, 1),
    "1 x 1": Way(1, 1),
    "4 x 1": Way(4, 1),
    "worker": Way(1, 1, RAY),
    "worker, one step ahead": Way(1, 1, {**RAY, "rollout.ahead": 1}),
}
"""Processes × threads of each; a worker of Ray samples with a thread of its own beside the learner's."""

SIMULATED = ("1 x 1", "2 x 1", "4 x 1")


def run(config: Config, way: Way, folder: Path) -> RunReader:
    """Trains in processes of their own; reads the run where it is there."""
    if not (folder / "final").is_dir():
        changes = {**SMALL, **way.changes, "compute.processes": way.processes}
        changes |= {"run.folder": str(folder.parent), "run.name": folder.name}
        recipe = folder.with_suffix(".yaml")
        recipe.parent.mkdir(parents=True, exist_ok=True)
        recipe.write_text(dump_recipe(load_recipe(config, changes)), encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", "whet", "train", str(recipe)], check=True, env=_environment(way.threads), stdout=2
        )
    return RunReader(folder)


def _environment(threads: int) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": str(threads)}


def steps(reader: RunReader) -> list[dict[str, Any]]:
    """The timings of a run's steps but its first and last."""
    return reader.timings()[1:-1]


def groups(reader: RunReader, step: int) -> list[tuple[Lengths, bool]]:
    """The lengths of each group of a step, and whether it has a signal."""
    checked = json.loads((reader.path / "check.json").read_text(encoding="utf-8"))
    prompt = checked["lengths"]["prompts"]["median"]
    found = [list(rows) for _, rows in groupby(reader.rollouts(step), key=lambda row: row["group"])]
    return [
        (Lengths(prompt, tuple(len(row["tokens"]) for row in rows)), any(row["advantage"] for row in rows))
        for rows in found
    ]


def exchange(way: Way, weights: int) -> dict[str, float]:
    """What `contenders/exchange.py` measures in each of the way's processes."""
    options = json.dumps({"weights": weights, "repeats": 3})
    several = ["-m", "torch.distributed.run", "--nproc-per-node", str(way.processes)] if way.processes > 1 else []
    command = [sys.executable, *several, str(CONTENDERS / "exchange.py"), options]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=_environment(way.threads))
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def exchanges(ways: Mapping[str, Way], weights: int, rounds: int = 5) -> dict[str, dict[str, float]]:
    """By way, the median of each figure of `exchange`, the ways in turn."""
    found = [{name: exchange(way, weights) for name, way in ways.items()} for _ in range(rounds)]
    return {name: {key: median(one[name][key] for one in found) for key in found[0][name]} for name in ways}


def simulation(
    shape: Shape, found: Mapping[str, float], count: int, some: Sequence[Sequence[tuple[Lengths, bool]]]
) -> float:
    """Seconds of a step, a median over steps, with the machine and the exchange as `found` in one of `count`."""
    sent = FLOAT * shape.trained * shape.weights
    rate = 2 * (count - 1) / count * sent / found["summed"] if count > 1 else 1.0
    machine, links = Machine(found["flops"], found["bandwidth"]), Links(count, rate, rate)
    return median(
        simulated(
            shape, machine, links, [group for group, _ in one], count, [group for group, taught in one if taught]
        ).seconds
        for one in some
    )


def tables(
    title: str, taken: Mapping[str, Sequence[Sequence[Mapping[str, float]]]], least: Mapping[str, float]
) -> list[Table]:
    """The measured steps by way; and beside the simulated seconds in `least`, both as shares of one process's."""
    rows, middle = [], {}
    for name, rounds in taken.items():
        whole = Spread.of([step["step_time"] for some in rounds for step in some])
        sampled = Spread.of([step["seconds/rollout"] for some in rounds for step in some])
        by_round = ", ".join(f"{median(step['step_time'] for step in some):.1f}" for some in rounds)
        middle[name] = whole.median
        rows.append([name, str(whole), by_round, f"{sampled.median:.2f}"])
    found = [Table("steps", title, ("", "s per step", "median by round", "waiting for rollouts"), rows, {})]
    both = [name for name in least if name in middle]
    if "1 x 1" in both:
        lines = [
            [
                name,
                f"{middle[name]:.2f}",
                f"{least[name]:.2f}",
                f"{least[name] / middle[name]:.2f}",
                f"{middle['1 x 1'] / middle[name]:.2f}",
                f"{least['1 x 1'] / least[name]:.2f}",
            ]
            for name in both
        ]
        columns = ("", "measured s", "simulated s", "η", "times as fast as 1 x 1", "simulated")
        found.append(Table("simulated", "Beside the simulation", columns, lines, {}))
    return found


def main() -> None:
    """Trains, then prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the runs")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="replaces settings of the recipe")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--ways", nargs="+", default=["1 x 2", *SIMULATED], choices=WAYS, metavar="NAME")
    asked = parser.parse_args()
    config = load_recipe(asked.recipe, {**settings(asked.set), "grpo.steps": asked.steps})
    done: dict[str, list[RunReader]] = {name: [] for name in asked.ways}
    for number in range(asked.rounds):
        for name in asked.ways:
            print(f"round {number + 1} of {asked.rounds}: {name}", file=sys.stderr, flush=True)
            folder = asked.out / f"{name.replace(' ', '-').replace(',', '')}-{number}"
            done[name].append(run(config, WAYS[name], folder))
    taken = {name: [steps(reader) for reader in readers] for name, readers in done.items()}
    shape, least = shape_of(config), {}
    found = exchanges({name: WAYS[name] for name in SIMULATED if name in asked.ways}, shape.weights)
    for name, one in found.items():
        some = [groups(done[name][0], step) for step in done[name][0].rollout_steps()[1:-1]]
        least[name] = simulation(shape, one, WAYS[name].processes, some)
        print(f"{name}: {', '.join(f'{key} {value:.3g}' for key, value in one.items())}", file=sys.stderr)
    grpo = config.grpo
    work = f"{config.model.name}, {grpo.prompts_per_step} prompts x {grpo.group_size} completions"
    for table in tables(f"{work}; {asked.rounds} rounds", taken, least):
        print(table.markdown(), flush=True)


def shape_of(config: Config) -> Shape:
    """The shape of a recipe's model."""
    from whet.build.policy import build_policy

    return Shape.of(build_policy(config, lambda text: None).model)


if __name__ == "__main__":
    main()
