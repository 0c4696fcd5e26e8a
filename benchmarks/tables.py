"""Which tables there are, and how much of each: `whet bench` makes them one after another."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.equal_work import equal_work
from benchmarks.learning import learning
from benchmarks.rollouts import rollouts
from benchmarks.rounds import Contestant, Log
from benchmarks.slopes import slopes
from benchmarks.table import Table
from benchmarks.work import Work
from whet.errors import UserError, did_you_mean


@dataclass(frozen=True, slots=True)
class Amount:
    """How often everything is measured."""

    rounds: int
    steps: int
    """Counted in each process, after those that warm up."""
    rows: Sequence[int]
    """Of the rollout table."""
    seeds: Sequence[int]
    learning_steps: int
    every: int
    """Steps between two exams."""


QUICK = Amount(rounds=2, steps=1, rows=(8, 32), seeds=(0,), learning_steps=4, every=2)
FULL = Amount(rounds=3, steps=2, rows=(8, 16, 32, 64), seeds=(0, 1, 2), learning_steps=9, every=3)


@dataclass(frozen=True, slots=True)
class Bench:
    """What `whet bench` was asked for."""

    model: str
    amount: Amount
    vllm_python: str | None
    """The interpreter of an environment with vLLM."""
    target: float
    """Held-out accuracy that the learning table times."""
    log: Log
    keep: Callable[[Table], None]
    """What becomes of a table, and of one that is not finished yet."""
    work: Work = field(default_factory=Work)
    """Of the equal-work table."""

    def contestants(self, whet: str, trl: str) -> list[Contestant]:
        """Whet and, where TRL is installed, TRL as it comes and tuned."""
        ours = Contestant("whet", sys.executable, whet)
        if find_spec("trl") is None:
            self.log("bench: TRL is not installed, so Whet runs alone; pip install 'whet[bench]'")
            return [ours]
        return [
            ours,
            Contestant("trl as it comes", sys.executable, trl, {"tuned": False}),
            Contestant("trl tuned", sys.executable, trl, {"tuned": True}),
        ]


def make_equal_work(bench: Bench) -> Table:
    """Whole steps, every response of the same length."""
    contestants = bench.contestants("whet_steps.py", "trl_steps.py")
    return equal_work(contestants, bench.model, bench.work, bench.amount.rounds, bench.amount.steps, bench.log)


def make_rollouts(bench: Bench) -> Table:
    """Sampling alone; beside vLLM where there is one."""
    from whet.models import resolve

    contestants = [Contestant("whet", sys.executable, "whet_rollout.py")]
    if bench.vllm_python:
        contestants.append(Contestant("vllm", bench.vllm_python, "vllm_rollout.py"))
    folder, repeats = str(resolve(bench.model)), bench.amount.steps + 1
    return rollouts(contestants, folder, bench.amount.rows, bench.amount.rounds, repeats, bench.log)


def make_learning(bench: Bench) -> Table:
    """The quickstart's GRPO at natural lengths; TRL as it comes only."""
    contestants = bench.contestants("whet_learning.py", "trl_learning.py")[:2]
    amount = bench.amount
    with TemporaryDirectory() as scratch:
        return learning(
            contestants,
            "quickstart",
            amount.seeds,
            amount.learning_steps,
            amount.every,
            bench.target,
            Path(scratch),
            bench.log,
            bench.keep,
        )


def make_slopes(bench: Bench) -> Table:
    """Growth with G, C and P."""
    return slopes(Contestant("whet", sys.executable, "whet_steps.py"), bench.model, bench.amount.steps, bench.log)


TABLES: Mapping[str, Callable[[Bench], Table]] = {
    "equal_work": make_equal_work,
    "rollouts": make_rollouts,
    "learning": make_learning,
    "slopes": make_slopes,
}


def chosen(names: str) -> list[str]:
    """Names of tables, separated by commas. Raises `UserError` for one that is not there.

    >>> chosen("slopes,rollouts")
    ['slopes', 'rollouts']
    """
    found = [name.strip() for name in names.split(",") if name.strip()]
    for name in found:
        if name not in TABLES:
            raise UserError(f"--tables: there is no {name!r}; one of {', '.join(TABLES)}{did_you_mean(name, TABLES)}")
    return found
