"""Seeded histories of runs, healthy and faulty, with the noise of real ones.

Levels and noise are taken from recorded runs: the three seeds of the quickstart (LOG.md) and docs/metrics.md. Rewards
and the share of groups without signal come from drawn groups: problems differ in difficulty by a Beta distribution,
and each of G answers is right by chance. Faults begin at a random step with a random severity; the ranges are those of
published failures, not of the detectors' thresholds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import exp, log
from random import Random
from statistics import fmean

from whet.diagnose.health import Finding, Health
from whet.rewards.registry import CORRECTNESS


@dataclass
class World:
    """What is true of a run at one step; the metrics are noisy sightings of it."""

    accuracy: float
    kept: float
    """Share of responses that keep the layout."""
    length: float
    truncated: float
    entropy: float
    gradient: float
    drift: float
    kl: float | None = None
    lenient: float | None = None
    """Held-out accuracy wherever the answer stands; None where it is the strict one."""
    held_out: float | None = None
    """Held-out accuracy where it is not the training's."""
    style: float | None = None
    """A reward that can be gamed."""
    alike: bool = False
    """Whether every reward of a group is the same."""


@dataclass(frozen=True)
class Shape:
    """A kind of run: its size, and the path of a healthy one from 0 (its start) to 1 (its end)."""

    steps: tuple[int, int]
    prompts: tuple[int, ...]
    group: tuple[int, ...]
    problems: int
    """Held-out problems."""
    every: int
    """Steps between two measurements; 0 measures before and after only."""
    path: Callable[[Random], Callable[[float], World]]


def _short(r: Random) -> Callable[[float], World]:
    """The quickstart: after a warm start, full working takes over."""
    start, gain, entropy = r.uniform(0.12, 0.35), r.uniform(0.1, 0.3), r.uniform(0.08, 0.16)
    left, growth, gradient, drift = r.uniform(0.3, 0.55), r.uniform(1.08, 1.24), r.uniform(0.25, 0.4), 0.0045
    return lambda t: World(
        accuracy=start + gain * t,
        kept=0.993,
        length=39 * (1 + (growth - 1) * min(1, 2 * t)),
        truncated=0.004,
        entropy=entropy * left**t,
        gradient=gradient,
        drift=drift,
    )


def _school(r: Random) -> Callable[[float], World]:
    """Word problems without a warm start: layout comes first, right answers after, with a KL penalty."""
    start, gain, kept = r.uniform(0.1, 0.35), r.uniform(0.12, 0.25), r.uniform(0.3, 0.95)
    quick, entropy, left = r.uniform(0.05, 0.15), r.uniform(0.25, 0.6), r.uniform(0.25, 0.8)
    stretch, kl, gradient, drift = (
        r.uniform(0.8, 1.2),
        r.uniform(0.02, 0.15),
        r.uniform(0.1, 0.6),
        r.uniform(3e-3, 2e-2),
    )
    return lambda t: World(
        accuracy=start + gain * t**0.6,
        kept=1 - (1 - kept) * exp(-t / quick) - 0.01,
        length=180 * stretch**t,
        truncated=0.02,
        entropy=entropy * left**t,
        gradient=gradient,
        drift=drift,
        kl=kl * t**0.7,
    )


def _thinker(r: Random) -> Callable[[float], World]:
    """Responses grow longer as they get better (arXiv:2501.12948)."""
    start, gain, entropy = r.uniform(0.2, 0.4), r.uniform(0.15, 0.3), r.uniform(0.4, 0.9)
    left, growth, drift = r.uniform(0.4, 1.0), r.uniform(1.2, 2.2), r.uniform(5e-3, 4e-2)
    return lambda t: World(
        accuracy=start + gain * t,
        kept=0.97,
        length=300 * growth**t,
        truncated=0.02 + 0.06 * t,
        entropy=entropy * left**t,
        gradient=0.2 + 0.1 * t,
        drift=drift,
        kl=0.05 * t,
    )


SHAPES: Mapping[str, Shape] = {
    "short": Shape((16, 40), (16,), (8,), 320, 0, _short),
    "school": Shape((80, 150), (4, 8), (8, 16), 256, 25, _school),
    "thinker": Shape((100, 160), (8, 16), (8,), 500, 25, _thinker),
}

Fault = Callable[[World, float, int, "Dice"], None]
"""Changes the world at the share `t` of the time since the fault began that is left, and `n` steps after it began."""


@dataclass(frozen=True)
class Dice:
    """What is drawn once for a fault: `severity` and `speed` in [0, 1], and how the world was when it began."""

    severity: float
    speed: float
    start: World
    first: World

    def between(self, low: float, high: float) -> float:
        """A severity on a logarithmic scale."""
        return exp(log(low) + self.severity * (log(high) - log(low)))


def _entropy_collapse(w: World, t: float, n: int, d: Dice) -> None:
    floor = d.first.entropy * d.between(0.08, 0.005)
    w.entropy = floor + (w.entropy - floor) * exp(-n / (1 + 4 * d.speed))
    w.accuracy, w.length = d.start.accuracy, d.start.length


def _kl_runaway(w: World, t: float, n: int, d: Dice) -> None:
    w.kl = min((d.start.kl or 0.02) * 2 ** (n / (2 + 4 * d.speed)) + 0.02, d.between(0.8, 20))


def _length_growth(w: World, t: float, n: int, d: Dice) -> None:
    w.length = d.start.length * d.between(1.65, 4) ** min(1, 2 * t)
    w.accuracy = d.start.accuracy


def _truncated(w: World, t: float, n: int, d: Dice) -> None:
    w.truncated = d.between(0.3, 0.95)


def _no_signal(w: World, t: float, n: int, d: Dice) -> None:
    w.accuracy, w.kept, w.alike, w.length = 0.006 * d.speed, 1.0, d.severity > 0.5, d.start.length


def _gradient_spike(w: World, t: float, n: int, d: Dice) -> None:
    w.gradient *= d.between(6, 300) if n <= 2 * d.speed else 1


def _sampler_drift(w: World, t: float, n: int, d: Dice) -> None:
    w.drift = d.between(0.12, 2)


def _format_only(w: World, t: float, n: int, d: Dice) -> None:
    w.accuracy, w.length = d.first.accuracy, d.first.length
    w.kept = 0.98 - d.between(0.3, 0.9) * exp(-n / (3 + 7 * d.speed))


def _reward_hacking(w: World, t: float, n: int, d: Dice) -> None:
    lost = d.between(0.3, 0.8) * min(1, 1.5 * t)
    w.held_out = d.start.accuracy * (1 - lost)
    w.accuracy, w.style, w.length = w.held_out, 0.3 + 0.5 * min(1, 2 * t), d.start.length


def _layout_gains(w: World, t: float, n: int, d: Dice) -> None:
    knows, kept = d.first.accuracy + 0.2, 0.98 - d.between(0.5, 0.9) * (1 - min(1, 2 * t))
    w.lenient, w.kept, w.accuracy = knows, kept, knows * kept


def _verifier(w: World, t: float, n: int, d: Dice) -> None:
    w.kept = max(w.kept, 0.98)
    w.lenient, w.accuracy = w.accuracy, w.accuracy * (1 - d.between(0.2, 0.7))
    w.length = d.start.length


def _too_fast(w: World, t: float, n: int, d: Dice) -> None:
    """A learning rate far too high: a jump of the gradient, then the policy runs away and forgets."""
    _gradient_spike(w, t, n, d)
    _kl_runaway(w, t, n, d)
    w.accuracy, w.length = d.start.accuracy * exp(-n / 6), d.start.length


def _bump(w: World, t: float, n: int, d: Dice) -> None:
    w.gradient *= 2 + d.severity if n <= 2 else 1


def _brief_cut(w: World, t: float, n: int, d: Dice) -> None:
    w.truncated = 0.3 if n <= 2 else w.truncated


def _sure(w: World, t: float, n: int, d: Dice) -> None:
    w.entropy *= 1 - 0.5 * t


def _far(w: World, t: float, n: int, d: Dice) -> None:
    w.kl, w.drift = 0.1 + 0.2 * d.severity * t, 0.04 + 0.02 * d.speed


def _rambling(w: World, t: float, n: int, d: Dice) -> None:
    w.length *= 1 + 0.2 * d.severity


QUIRKS: tuple[Fault, ...] = (_bump, _brief_cut, _sure, _far, _rambling)
"""What looks odd and does no harm: every healthy run has one of these."""


@dataclass(frozen=True)
class Trouble:
    """A fault, and which detectors ought to tell of it."""

    inject: Fault
    tells: frozenset[str]
    from_start: bool = False
    """Whether it is there from the first step on."""
    shapes: tuple[str, ...] = ("short", "school", "thinker")
    may: frozenset[str] = frozenset()
    """Detectors that may as well: what they say is true too."""


def _trouble(inject: Fault, name: str, *shapes: str, start: bool = False, may: tuple[str, ...] = ()) -> Trouble:
    return Trouble(inject, frozenset(name.split()), start, shapes or ("short", "school", "thinker"), frozenset(may))


LONG = ("school", "thinker")
TROUBLES: Mapping[str, Trouble] = {
    "entropy_collapse": _trouble(_entropy_collapse, "entropy_collapse", *LONG),
    "kl_runaway": _trouble(_kl_runaway, "kl_runaway", *LONG),
    "length_growth": _trouble(_length_growth, "length_growth", *LONG),
    "truncated": _trouble(_truncated, "truncated"),
    "no_signal": _trouble(_no_signal, "no_signal", *LONG, may=("reward_hacking", "format_only")),
    "gradient_spike": _trouble(_gradient_spike, "gradient_spike"),
    "sampler_drift": _trouble(_sampler_drift, "sampler_drift"),
    "format_only": _trouble(_format_only, "format_only", *LONG, start=True),
    "reward_hacking": _trouble(_reward_hacking, "reward_hacking", *LONG, may=("no_signal", "format_only")),
    "layout_gains": _trouble(_layout_gains, "layout_gains", *LONG, start=True),
    "verifier_disagreement": _trouble(_verifier, "verifier_disagreement", *LONG, may=("no_signal", "format_only")),
    "too_fast": _trouble(_too_fast, "gradient_spike kl_runaway", *LONG, may=("no_signal", "format_only")),
}


@dataclass
class Told:
    """A run, what was wrong with it, and what was said."""

    seed: int
    trouble: str | None
    shape: str
    begins: int | None
    findings: list[Finding] = field(default_factory=list)


def run(seed: int, health: Health | None = None) -> Told:
    """The run of this seed, fed to a `Health`: one in four is healthy, the others have one trouble each."""
    r, health = Random(seed), health or Health(CORRECTNESS)
    name = None if seed % 4 == 0 else tuple(TROUBLES)[(seed // 4 * 3 + seed % 4 - 1) % len(TROUBLES)]
    trouble = TROUBLES[name] if name else None
    shape_name = r.choice(trouble.shapes if trouble else tuple(SHAPES))
    shape = SHAPES[shape_name]
    steps, path = r.randint(*shape.steps), shape.path(r)
    prompts, group = r.choice(shape.prompts), r.choice(shape.group)
    begins = 0 if trouble and trouble.from_start else max(6, round(r.uniform(0.2, 0.5) * steps))
    dice = Dice(r.random(), r.random(), path(begins / steps), path(0.0))
    inject = trouble.inject if trouble else r.choice(QUIRKS)
    told = Told(seed, name, shape_name, begins if trouble else None)

    def world(step: int) -> World:
        w = path(step / steps)
        w.style = 0.3 if name == "reward_hacking" else None
        if step >= begins:
            inject(w, (step - begins) / (steps - begins), step - begins, dice)
        return w

    told.findings += health.measured(_held_out(world(0), shape, r))
    for step in range(steps):
        told.findings += health.step(step, _sighting(world(step), prompts, group, r))
        if step + 1 == steps or (shape.every and (step + 1) % shape.every == 0):
            told.findings += health.measured(_held_out(world(step), shape, r))
    return told


def _sighting(w: World, prompts: int, group: int, r: Random) -> dict[str, float]:
    """The metrics of a step, with the noise of its draws."""
    rights, kepts, spreads = [], [], []
    for _ in range(prompts):
        p = r.betavariate(1.8 * w.accuracy + 1e-9, 1.8 * (1 - w.accuracy) + 1e-9)
        right = [0.0 if w.alike else float(r.random() < p) for _ in range(group)]
        kept = [float(w.alike or r.random() < w.kept) for _ in range(group)]
        rewards = [a + 0.2 * b for a, b in zip(right, kept, strict=True)]
        mean = fmean(rewards)
        spread = (sum((reward - mean) ** 2 for reward in rewards) / (group - 1)) ** 0.5
        rights, kepts, spreads = rights + right, kepts + kept, [*spreads, spread if len(set(rewards)) > 1 else 0.0]
    silent = fmean(spread == 0 for spread in spreads)
    style = {} if w.style is None else {"rewards/style/mean": w.style + r.gauss(0, 0.03)}
    return {
        "reward": fmean(rights) + 0.2 * fmean(kepts) + sum(style.values()),
        "reward_std": fmean(spreads),
        "frac_reward_zero_std": silent,
        "rewards/accuracy/mean": fmean(rights),
        "rewards/format_soft/mean": fmean(kepts),
        **style,
        "completions/mean_length": w.length * exp(r.gauss(0, 0.02 + 0.3 / (prompts * group) ** 0.5)),
        "completions/clipped_ratio": fmean(r.random() < w.truncated for _ in range(prompts * group)),
        "entropy": w.entropy * exp(r.gauss(0, 0.12)),
        "grad_norm": 0.0 if silent == 1 else w.gradient * exp(r.gauss(0, 0.27)),
        "sampler/logprob_difference_mean": 0.0 if silent == 1 else w.drift * exp(r.gauss(0, 0.2)),
        **({} if w.kl is None else {"kl": w.kl * exp(r.gauss(0, 0.15))}),
    }


def _held_out(w: World, shape: Shape, r: Random) -> dict[str, float]:
    """A measurement: the same problems each time, so half of its variance is drawn anew (arXiv:2411.00640)."""
    strict = w.accuracy if w.held_out is None else w.held_out
    n, luck = shape.problems, r.gauss(0, 1)

    def seen(share: float) -> float:
        noisy = share + luck * (0.5 * share * (1 - share) / n) ** 0.5
        return round(min(1.0, max(0.0, noisy)) * n) / n

    accuracy = seen(strict)
    lenient = max(accuracy, seen(strict + 0.01 if w.lenient is None else w.lenient))
    return {"problems": n, "accuracy": accuracy, "lenient_accuracy": lenient, "format_rate": seen(w.kept)}
