"""Table 2, rollouts alone: seconds to sample a number of rows, by Whet and by vLLM."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.rounds import Contender, Log, Spread, in_turn
from benchmarks.table import Table


def rollouts(
    contenders: Sequence[Contender],
    model: str,
    rows: Sequence[int],
    rounds: int,
    repeats: int,
    log: Log,
    seconds: float | None = None,
    *,
    group: int = 8,
    prompt_tokens: int = 96,
    tokens: int = 64,
) -> Table:
    """The first contender is Whet. Its seconds include the copy of the weights that it makes for every step.

    `seconds` limits the rounds as `in_turn` does; the title says how many there were.
    """
    given = {
        "model": model,
        "rows": list(rows),
        "group": group,
        "prompt_tokens": prompt_tokens,
        "tokens": tokens,
        "repeats": repeats,
    }
    found = in_turn(contenders, given, rounds, log, seconds)
    spreads = {name: {count: _spread(results, count) for count in rows} for name, results in found.items()}
    ours, *others = spreads
    ratios = [
        [f"{other} / {ours}", *(f"**{spreads[other][n].median / spreads[ours][n].median:.2f}**" for n in rows)]
        for other in others
    ]
    return Table(
        name="rollouts",
        title=f"Rollouts alone: seconds for {tokens} tokens in each row, prompts of {prompt_tokens}, {group} rows "
        f"each; {len(found[ours])} rounds",
        columns=["", *(f"{count} rows" for count in rows)],
        rows=[[name, *(str(by_rows[count]) for count in rows)] for name, by_rows in spreads.items()] + ratios,
        data={"given": given, "contenders": found},
    )


def _spread(results: Sequence[Mapping[str, Any]], rows: int) -> Spread:
    return Spread.of([seconds for one in results for seconds in one["seconds"][str(rows)]])
