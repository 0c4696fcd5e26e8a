"""What the page can ask for: each path with the function of `whet.dashboard.rows` that answers it."""

from collections.abc import Callable, Iterable
from typing import Any

from whet import __version__
from whet.dashboard.library import Library
from whet.dashboard.open_run import OpenRun
from whet.dashboard.query import Query
from whet.dashboard.rows.added import added
from whet.dashboard.rows.check_view import check
from whet.dashboard.rows.curves import curves
from whet.dashboard.rows.downsample import MOST
from whet.dashboard.rows.filtered import CONDITIONS, rollouts
from whet.dashboard.rows.findings import findings
from whet.dashboard.rows.group_view import group_view, rollout_view
from whet.dashboard.rows.log_view import log
from whet.dashboard.rows.meanings import meanings
from whet.dashboard.rows.overview import overview
from whet.dashboard.rows.piles import piles
from whet.dashboard.rows.problem_list import problems
from whet.dashboard.rows.problem_visits import problem
from whet.dashboard.rows.recipe_view import diff, recipe
from whet.dashboard.rows.run_list import fingerprint, run_rows
from whet.dashboard.rows.shares import Row
from whet.dashboard.rows.step_view import CHARS, step_view
from whet.dashboard.rows.strip import strip
from whet.dashboard.rows.text_search import search
from whet.dashboard.rows.waste import CELLS, waste
from whet.errors import UserError

Answer = Callable[[OpenRun, Query], Row]
"""Answers a question about one run."""

TOGETHER = 8
"""Runs that one request may name at most."""


def _window(query: Query) -> dict[str, int | None]:
    return {"first": query.maybe("from"), "last": query.maybe("to")}


def _page(query: Query, limit: int) -> dict[str, int]:
    return {"offset": query.number("offset", 0), "limit": query.number("limit", limit, 1, 500)}


def _step(run: OpenRun, query: Query) -> Row:
    text = query.text("step", "last")
    step = None if text == "last" else query.needed("step")
    return step_view(run, step, query.number("chars", CHARS, 0, 20_000))


def _group(run: OpenRun, query: Query) -> Row:
    return group_view(run, query.needed("step"), query.needed("group"), query.flag("tokens", True))


def _rollout(run: OpenRun, query: Query) -> Row:
    return rollout_view(run, query.needed("step"), query.needed("group"), query.needed("sample"))


def _rollouts(run: OpenRun, query: Query) -> Row:
    numbers = ("from", "to", "correct", "signal")
    conditions: dict[str, Any] = {key: query.maybe(key) for key in numbers}
    conditions |= {key: query.some(key) for key in CONDITIONS if key not in numbers}
    conditions |= {"part": query.some("part"), "min": query.real("min"), "max": query.real("max")}
    return rollouts(run, conditions, query.text("sort", "-step"), **_page(query, 50))


def _problems(run: OpenRun, query: Query) -> Row:
    return problems(run, query.text("sort", "-visits"), query.text("text"), **_page(query, 100))


OF_A_RUN: dict[str, Answer] = {
    "/api/overview": lambda run, query: overview(run),
    "/api/findings": lambda run, query: findings(run),
    "/api/since": lambda run, query: added(run, query.text("cursor")),
    "/api/steps": lambda run, query: strip(run, query.number("cells", MOST, 1, MOST), **_window(query)),
    "/api/step": _step,
    "/api/group": _group,
    "/api/rollout": _rollout,
    "/api/rollouts": _rollouts,
    "/api/problems": _problems,
    "/api/problem": lambda run, query: problem(run, query.required("problem")),
    "/api/check": lambda run, query: check(run),
    "/api/recipe": lambda run, query: recipe(run),
    "/api/waste": lambda run, query: waste(run, query.number("cells", CELLS, 1, MOST), **_window(query)),
    "/api/log": lambda run, query: log(run, query.number("lines", 200, 1, 5000)),
}
"""Questions about the run that the parameter `run` names."""


def runs_answer(library: Library, known: str) -> Row:
    """The list of runs; `{"version", "same"}` where it is the one of the version `known`."""
    rows = run_rows(library.listing())
    version = fingerprint(rows)
    if version == known:
        return {"version": version, "same": True}
    return {"version": version, "whet": __version__, "root": str(library.root.resolve()), "runs": rows}


def curves_answer(runs: Iterable[OpenRun], query: Query) -> Row:
    """The curves of several runs."""
    points = query.number("points", MOST, 2, MOST)
    phase = query.text("phase", "grpo")
    return {"runs": [curves(run, query.names("names"), phase, points, **_window(query)) for run in runs]}


def evaluation_answer(library: Library, query: Query) -> Row:
    """Two evaluations side by side, of one run or of two."""
    other = query.some("other")
    return piles(
        library.open(query.required("run")),
        query.some("before"),
        query.some("after"),
        query.some("pile"),
        query.text("text"),
        **_page(query, 20),
        other=library.open(other) if other else None,
    )


def search_answer(run: OpenRun, query: Query) -> Iterable[Row]:
    """The lines of a search, as they come."""
    limit, case = query.number("limit", 200, 1, 5000), query.flag("case")
    return search(run, query.required("q"), **_window(query), limit=limit, case=case)


def opened(library: Library, ids: list[str]) -> list[OpenRun]:
    """The runs of several parameters `run`. Raises `UserError` where there are none or too many."""
    if not 1 <= len(ids) <= TOGETHER:
        raise UserError(f"run: is given {len(ids)} times; name 1 to {TOGETHER} runs")
    return [library.open(id) for id in ids]


def answer_of(library: Library, path: str, query: Query, ids: list[str]) -> Row:
    """The answer to a question. Raises `KeyError` for a path that is none, and `UserError` as the answers do."""
    if path == "/api/runs":
        return runs_answer(library, query.text("known"))
    if path == "/api/meanings":
        return meanings()
    if path == "/api/curves":
        return curves_answer(opened(library, ids), query)
    if path == "/api/diff":
        return diff(opened(library, ids))
    if path == "/api/evaluation":
        return evaluation_answer(library, query)
    answer = OF_A_RUN[path]
    return answer(library.open(query.required("run")), query)
