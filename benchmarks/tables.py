"""Which tables there are, and how much of each: `make bench` makes them one after another."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.calibrate import calibrate, work_for
from benchmarks.equal_work import equal_work
from benchmarks.learning import learning
from benchmarks.rollouts import rollouts
from benchmarks.rounds import LEAST_ROUNDS, Contender, Log
from benchmarks.slopes import slopes
from benchmarks.table import Table
from benchmarks.work import WARM_UP, Work
from whet.errors import UserError, did_you_mean


@dataclass(frozen=True, slots=True)
class Amount:
    """How often everything is measured."""

    rounds: int
    """At most, where there is a limit on time."""
    steps: int
    """Counted in each process, after those that warm up."""
    rows: Sequence[int]
    """Of the rollout table."""
    seeds: Sequence[int]
    learning_steps: int
    every: int
    """Steps between two exams."""
    seconds: float | None = None
    """The limit on equal work and rollouts together; None for none."""


QUICK = Amount(rounds=4, steps=1, rows=(8, 32), seeds=(0,), learning_steps=4, every=2, seconds=560.0)
"""The time of `--quick` is ten minutes, less what starting up and writing takes."""

FULL = Amount(rounds=3, steps=2, rows=(8, 16, 32, 64), seeds=(0, 1, 2), learning_steps=9, every=3)


@dataclass(frozen=True, slots=True)
class Bench:
    """What `make bench` was asked for."""

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
    equal_work_seconds: float | None = None
    rollouts_seconds: float | None = None

    def fitted(self) -> "Bench":
        """What this machine has time for, by some steps of Whet that are timed now."""
        if self.amount.seconds is None:
            return self
        began = time.monotonic()
        ours, *others = self.contenders("whet_steps.py", "trl_steps.py")
        self.log("timing some steps, for the amount of work")
        timed = calibrate(ours, self.model, self.work)
        # repeats of the rollout table, its own warm-up included
        rollouts_seconds = LEAST_ROUNDS * timed.rollouts(sum(self.amount.rows), self.amount.steps + 2)
        left = self.amount.seconds - (time.monotonic() - began) - rollouts_seconds
        work = work_for(timed, 1 + len(others), self.amount.steps + WARM_UP, left)
        self.log(f"a step takes {timed.step:.1f} s: equal work of {work.prompts} prompts, {work.tokens} tokens each")
        return replace(self, work=work, equal_work_seconds=left, rollouts_seconds=rollouts_seconds)

    def contenders(self, whet: str, trl: str) -> list[Contender]:
        """Whet and, where TRL is installed, TRL as it comes and tuned."""
        ours = Contender("whet", sys.executable, whet)
        if find_spec("trl") is None:
            self.log("bench: TRL is not installed, so Whet runs alone; pip install 'whet[bench]'")
            return [ours]
        return [
            ours,
            Contender("trl as it comes", sys.executable, trl, {"tuned": False}),
            Contender("trl tuned", sys.executable, trl, {"tuned": True}),
        ]


def make_equal_work(bench: Bench) -> Table:
    """Whole steps, every response of the same length."""
    contenders = bench.contenders("whet_steps.py", "trl_steps.py")
    amount, limit = bench.amount, bench.equal_work_seconds
    return equal_work(contenders, bench.model, bench.work, amount.rounds, amount.steps, bench.log, limit)


def make_rollouts(bench: Bench) -> Table:
    """Sampling alone; beside vLLM where there is one."""
    from whet.models import resolve

    contenders = [Contender("whet", sys.executable, "whet_rollout.py")]
    if bench.vllm_python:
        contenders.append(Contender("vllm", bench.vllm_python, "vllm_rollout.py"))
    amount, limit = bench.amount, bench.rollouts_seconds
    folder = str(resolve(bench.model))
    return rollouts(contenders, folder, amount.rows, amount.rounds, amount.steps + 1, bench.log, limit)


def make_learning(bench: Bench) -> Table:
    """The quickstart's GRPO at natural lengths; TRL as it comes only."""
    contenders = bench.contenders("whet_learning.py", "trl_learning.py")[:2]
    amount = bench.amount
    with TemporaryDirectory() as scratch:
        return learning(
            contenders,
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
    return slopes(Contender("whet", sys.executable, "whet_steps.py"), bench.model, bench.amount.steps, bench.log)


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
