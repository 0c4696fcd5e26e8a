"""What `whet show` is asked for: the same rows as the page's, by the same functions."""

from typing import Literal

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.group_view import group_view
from whet.dashboard.rows.overview import overview
from whet.dashboard.rows.problem_visits import problem
from whet.dashboard.rows.shares import Row
from whet.dashboard.rows.step_view import newest_step, step_view
from whet.errors import UserError

View = Literal["overview", "step", "group", "problem"]


def one_view(
    run: OpenRun, step: int | None, group: int | None, of_problem: str | None, newest: bool = False
) -> tuple[View, Row]:
    """A problem over the steps, a group, a step, or else the overview; its kind and its row.

    Raises `UserError` where a group is asked for without a step, or a problem beside a step.
    """
    if of_problem is not None:
        if step is not None or group is not None or newest:
            raise UserError("--problem: is over all steps; leave --step and --group out")
        run.index.build()
        return "problem", problem(run, of_problem)
    if newest:
        step = newest_step(run)
    if group is not None:
        if step is None:
            raise UserError("--group: is a group of one step; name that with --step")
        return "group", group_view(run, step, group)
    return ("overview", overview(run)) if step is None else ("step", step_view(run, step))
