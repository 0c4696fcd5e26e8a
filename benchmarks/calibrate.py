"""How much of the quick tables this machine has time for: some steps of Whet are timed first."""

import time
from dataclasses import asdict, dataclass, replace

from benchmarks.rounds import LEAST_ROUNDS, Contender, Spread
from benchmarks.work import WARM_UP, Work

TRL_STEPS = 6.0
"""A step of TRL in steps of Whet, by results/equal_work.md. Only the amount of work rests on it, no figure."""

FEWEST_TOKENS = 16
"""Of a response, below which a step says nothing about real ones."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What one process of Whet took, in seconds, and by it what others will take."""

    work: Work
    start: float
    """Beside the steps: imports, loading, measuring the machine."""
    step: float
    rollout: float
    """The part of a step that samples."""

    def rollouts(self, rows: int, repeats: int) -> float:
        """Of a process that samples so many rows in all, `repeats` times."""
        return self.start + repeats * self.rollout * rows / self.work.rows

    def round(self, work: Work, contenders: int, steps: int) -> float:
        """Of one process of Whet at equal work, and one of TRL for each further contender."""
        share = work.prompts * work.tokens / (self.work.prompts * self.work.tokens)
        return contenders * self.start + (1 + TRL_STEPS * (contenders - 1)) * steps * self.step * share


def calibrate(whet: Contender, model: str, work: Work) -> Calibration:
    """Times the steps of one process."""
    began = time.monotonic()
    steps = whet.run({"model": model, "work": asdict(work), "steps": 1})["steps"]
    step, rollout = (Spread.of([one[phase] for one in steps]).median for phase in ("step", "rollout"))
    return Calibration(work, max(0.0, time.monotonic() - began - (WARM_UP + 1) * step), step, rollout)


def work_for(timed: Calibration, contenders: int, steps: int, seconds: float) -> Work:
    """The work asked for, with prompts and then tokens halved until `LEAST_ROUNDS` rounds of it fit into the time."""
    work = timed.work
    while LEAST_ROUNDS * timed.round(work, contenders, steps) > seconds:
        if work.prompts > 1:
            work = replace(work, prompts=work.prompts // 2)
        elif work.tokens >= 2 * FEWEST_TOKENS:
            work = replace(work, tokens=work.tokens // 2)
        else:
            break
    return work
