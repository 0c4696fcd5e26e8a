"""Table 1, equal work: whole GRPO steps in which every response is forced to the same number of tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.rounds import Contender, Log, Spread, in_turn
from benchmarks.table import Bar, Table
from benchmarks.work import Work
from whet.compute.limit import Lengths, Limit, Machine, Shape

COLUMNS = ("", "s per step", "rollout", "learn", "optimizer", "tokens/s", "peak GiB", "η", "times Whet")


def equal_work(
    contenders: Sequence[Contender],
    model: str,
    work: Work,
    rounds: int,
    steps: int,
    log: Log,
    seconds: float | None = None,
) -> Table:
    """The first contender is Whet: its process also measures the machine, from which every η is computed.

    `seconds` limits the rounds as `in_turn` does; the title says how many there were.
    """
    given = {"model": model, "work": asdict(work), "steps": steps}
    found = in_turn(contenders, given, rounds, log, seconds)
    ours = found[contenders[0].name]
    limits = [limit_of(Shape(**one["shape"]), Machine(**one["machine"]), work) for one in ours]
    limit = {part: Spread.of([some[part] for some in limits]).median for part in limits[0]}
    whole = {name: Spread.of(_seconds(results, "step")) for name, results in found.items()}
    fastest = whole[contenders[0].name].median
    rows = [_row(name, results, work, limit, fastest) for name, results in found.items()]
    return Table(
        name="equal_work",
        title=f"Equal work: {work.prompts} prompts of {work.prompt_tokens} tokens, {work.group} responses each of "
        f"{work.tokens} tokens; {len(ours)} rounds",
        columns=COLUMNS,
        rows=rows,
        data={
            "work": asdict(work),
            "limit_seconds": limit,
            "machine_limits": [one["machine"] for one in ours],
            "agreement_nats": Spread.of(_seconds(ours, "agreement")).median,
            "contenders": found,
        },
        bars=[Bar(name, spread.median, spread.low, spread.high) for name, spread in whole.items()],
    )


def limit_of(shape: Shape, machine: Machine, work: Work) -> dict[str, float]:
    """Seconds that this work takes at least, by phase."""
    groups = [Lengths(work.prompt_tokens, (work.tokens,) * work.group)] * work.prompts
    limit = Limit(shape, machine)
    parts = {
        "rollout": limit.prefill(groups) + limit.decode(groups),
        "learn": limit.learn(groups),
        "optimizer": limit.optimizer(),
    }
    return {**parts, "step": sum(parts.values())}


def _seconds(results: Sequence[Mapping[str, Any]], phase: str) -> list[float]:
    return [step[phase] for one in results for step in one["steps"]]


def _row(
    name: str, results: Sequence[Mapping[str, Any]], work: Work, limit: Mapping[str, float], fastest: float
) -> list[str]:
    phases = {phase: Spread.of(_seconds(results, phase)) for phase in ("step", "rollout", "learn", "optimizer")}
    efficiency = {phase: limit[phase] / spread.median for phase, spread in phases.items()}
    step = phases["step"]
    return [
        name,
        f"**{step.median:.2f}** [{step.low:.2f}, {step.high:.2f}]",
        *(f"{phases[part].median:.2f} (η {efficiency[part]:.2f})" for part in ("rollout", "learn", "optimizer")),
        f"{work.rows * work.tokens / step.median:.0f}",
        f"{max(one['peak_gib'] for one in results):.1f}",
        f"**{efficiency['step']:.2f}**",
        f"{step.median / fastest:.1f}",
    ]
