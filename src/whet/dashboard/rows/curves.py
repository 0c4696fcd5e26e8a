"""The curves of a run: its metrics and timings over the steps, with findings and evaluations as marks on them."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.added import cursor_at_end
from whet.dashboard.rows.downsample import MOST, downsample
from whet.dashboard.rows.findings import found_in
from whet.dashboard.rows.meanings import order
from whet.dashboard.rows.shares import Row
from whet.dashboard.rows.stages import stages
from whet.runs.figure_columns import PhaseColumns


def curves(
    run: OpenRun,
    names: Sequence[str] = (),
    phase: str = "grpo",
    points: int = MOST,
    first: int | None = None,
    last: int | None = None,
) -> Row:
    """The series of the metrics `names` of a phase, each of at most `points` points, between two steps.

    Without names it says which there are. A metric that the run has not is left out.
    """
    cursor = cursor_at_end(run)  # taken before the figures: what comes in between is sent twice rather than never
    columns = (run.metrics.phase(phase), run.timings.phase(phase))
    known = {name: of for of in columns for name in tuple(of.values)}
    steps = columns[0].steps
    between = found_in(run, first, last) if phase == "grpo" else []
    return {
        "run": run.id,
        "cursor": cursor,
        "names": order(list(known)),
        "steps": [steps[0], steps[-1]] if steps else None,
        "series": [series(known[name], name, points, first, last) for name in names if name in known],
        "findings": between,
        "evaluations": stages(run) if phase == "grpo" else [],
    }


def series(columns: PhaseColumns, name: str, points: int, first: int | None = None, last: int | None = None) -> Row:
    """One metric between two steps: `x` and `y`, and how many points there are before downsampling."""
    count = min(len(columns.steps), len(columns.values[name]))  # a line may just be added
    start = 0 if first is None else bisect_left(columns.steps, first, 0, count)
    end = count if last is None else bisect_right(columns.steps, last, 0, count)
    x, y = downsample(columns.steps[start:end], columns.values[name][start:end], points)
    return {"name": name, "x": x, "y": y, "of": max(0, end - start)}
