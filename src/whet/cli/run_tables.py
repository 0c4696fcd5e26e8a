"""Runs in the terminal: the list of them, and the rows of `whet show` as tables."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from whet.runs.views.figures import count, duration, sparkline
from whet.text import both_ends, one_line, percent

Row = dict[str, Any]

STATES = {"running": "green", "finished": "", "interrupted": "yellow", "killed": "yellow"}
"""Colours of states; any other is red."""

SPARK = 12
NARROW = 90
"""Columns below which the list leaves out what is least asked for."""

DOTS = {True: "●", False: "○", None: "·"}
CUT = "×"


def runs_table(rows: list[Row], width: int, folder: Path) -> RenderableType:
    """Renders a row per run; below `NARROW` columns without the sparkline's and the size's column."""
    if not rows:
        return Text(f"no runs in {folder}; `whet train quickstart` makes one")
    wide = width >= NARROW
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("run", "state"):
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for name in ("step", "before", "now", "95 % interval", *(("reward", "size") if wide else ())):
        table.add_column(name, justify="left" if name == "reward" else "right", no_wrap=True)
    for row in rows:
        table.add_row(*_run_cells(row, wide))
    reasons = [Text.assemble((f"{row['name']}: ", "bold"), one_line(row["why"], 300)) for row in rows if row["why"]]
    return Group(table, *([Text(), *reasons] if reasons else []))


def _run_cells(row: Row, wide: bool) -> Iterator[RenderableType]:
    yield Text(one_line(row["id"], 40), style="bold")
    yield Text(_state(row), style=STATES.get(row["state"], "red"))
    yield f"{row['step']}/{row['steps']}" if row["steps"] else str(row["step"] if row["step"] is not None else "")
    accuracy = row["accuracy"] or {}
    before, now = accuracy.get("before"), accuracy.get("now")
    yield _share(before)
    yield Text(_share(now), style="bold")
    yield f"{100 * now['low']:.1f} – {100 * now['high']:.1f}" if now else ""
    if wide:
        yield sparkline(row["reward"] or [], SPARK)
        yield _size(row["size"])


def _state(row: Row) -> str:
    findings = row.get("findings") or 0
    marked = f" · {findings} finding{'s' if findings > 1 else ''}" if findings else ""
    left = f", {duration(row['left'])} left" if row.get("left") is not None else ""
    return f"{row['state']}{left}{marked}"


def _share(found: Row | None) -> str:
    return f"{100 * found['value']:.1f} %" if found else ""


def _size(size: int | None) -> str:
    """Bytes in a unit of three digits at most.

    >>> _size(1_234_567), _size(900), _size(None)
    ('1.2 MB', '900 B', '')
    """
    if size is None:
        return ""
    for unit, one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= one:
            return f"{size / one:.1f} {unit}" if size < 10 * one else f"{size / one:.0f} {unit}"
    return f"{size} B"


def shown(kind: str, row: Row, width: int) -> RenderableType:
    """Renders a row of `whet show`."""
    return Group(*VIEWS[kind](row, width))


def _overview(row: Row, width: int) -> Iterator[RenderableType]:
    run = row["run"]
    done = f"{run['step']}/{run['steps']}" if run["steps"] else str(run["step"])
    yield Text.assemble((run["name"], "bold"), f"   {_state(run)}   step {done}   {run['model']} on {run['data']}")
    if run["why"]:
        yield Text(one_line(run["why"], 300), style="red")
    if row["headline"]:
        yield Text()
        yield Text(row["headline"], style="bold")
    if row["stages"]:
        yield Text()
        yield _stages(row["stages"])
    if row["reward"]["y"]:
        curve = [value for value in row["reward"]["y"] if value is not None]
        yield Text()
        yield Text(f"reward {curve[0]:.2f} → {curve[-1]:.2f}  {sparkline(curve, min(60, width - 30))}")
    yield from _findings(row["findings"])
    yield from _samples(row["samples"], width)
    yield Text()
    yield Text(_cost(row["cost"]), style="dim")


def _stages(stages: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("held-out problems")
    for name in ("accuracy", "95 % interval", "lenient", "format", "truncated"):
        table.add_column(name, justify="right")
    for one in stages:
        found, anywhere = one["accuracy"], one["lenient"]
        interval = f"{100 * found['low']:.1f} – {100 * found['high']:.1f}" if found else ""
        rates = (percent(one[key]) if one[key] is not None else "" for key in ("format_rate", "truncated_rate"))
        table.add_row(one["title"], Text(_share(found), style="bold"), interval, _share(anywhere), *rates)
    return table


def _findings(found: list[Row]) -> Iterator[RenderableType]:
    for one in found[:5]:
        yield Text()
        yield Text(f"step {one['step']}: {one['sentence']}", style="bold")
        yield Text(f"→ {one['fix']}", style="cyan")


def _samples(samples: list[Row], width: int) -> Iterator[RenderableType]:
    for one in samples:
        yield Text()
        question, gold = one_line(one["question"] or "", width - 30), one_line(str(one["gold"]), 40)
        yield Text.assemble((one["why"], "bold"), f": {question}", (f"   gold {gold}", "dim"))
        for name in ("before", "after"):
            if one[name]:
                mark = {True: "✓", False: "✗", None: " "}[one[name]["correct"]]
                yield Text(f"  {name:6} {mark} {both_ends(one[name]['response'], max(30, width - 14))}", style="dim")


def _cost(cost: Row) -> str:
    seconds = cost["seconds"]
    phases = ", ".join(f"{name} {duration(value)}" for name, value in seconds.items() if value)
    eta = f"; {percent(cost['efficiency'])} of the machine's limit (η)" if cost["efficiency"] is not None else ""
    share = f"; {percent(cost['groups_no_signal'] / cost['groups'])} of groups without signal" if cost["groups"] else ""
    return f"{duration(cost['whole'])} in all: {phases}{eta}{share}"


def _step(row: Row, width: int) -> Iterator[RenderableType]:
    figures = row["metrics"]
    known = {"reward": "reward", "signal": "frac_reward_zero_std", "truncated": "completions/clipped_ratio"}
    shown = "   ".join(
        f"{name} {figures[key]:.2f}" for name, key in known.items() if key in figures and name != "signal"
    )
    yield Text.assemble((f"step {row['step']}", "bold"), f"   {len(row['groups'])} groups   {shown}")
    yield from _findings(row["findings"])
    yield Text()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("group", "right", "mean", "spread"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("responses", "problem", "question"):
        table.add_column(name, no_wrap=True)
    size = max((len(one["samples"]) for one in row["groups"]), default=0)
    names = min(24, max((len(one["problem"]) for one in row["groups"]), default=0))
    for one in sorted(row["groups"], key=lambda one: -(one["spread"] or 0.0)):
        right = "" if one["right"] is None else f"{one['right']}/{one['n']}"
        numbers = (f"{one[key]:.2f}" if one[key] is not None else "" for key in ("mean", "spread"))
        dots = "".join(CUT if card["finish"] == "length" else DOTS[card["correct"]] for card in one["samples"])
        question = one_line(str(one["question"]), max(20, width - 40 - max(9, size) - names))
        table.add_row(str(one["group"]), right, *numbers, dots, one_line(one["problem"], 24), question)
    yield table
    yield Text("● right  ○ wrong  × truncated  · not judged; sorted by how much the rewards differ", style="dim")


def _group(row: Row, width: int) -> Iterator[RenderableType]:
    yield Text.assemble((f"step {row['step']}, group {row['group']}", "bold"), f"   {row['problem']}")
    yield Text(one_line(row["question"] or "", 1000))
    yield Text(f"gold {one_line(str(row['gold']), 200)}", style="dim")
    for card in sorted(row["samples"], key=lambda card: -(card["advantage"] or 0.0)):
        mark = {True: "✓", False: "✗", None: "·"}[card["correct"]]
        parts = "  ".join(f"{name} {value:.2f}" for name, value in card["parts"].items() if value is not None)
        reward = "" if card["reward"] is None else f"reward {card['reward']:.2f}"
        advantage = "" if card["advantage"] is None else f"Â {card['advantage']:+.2f}"
        yield Text()
        yield Text(f"{mark} {reward}  {advantage}  {card['tokens']} tokens, {card['finish']}   {parts}", style="bold")
        yield Text("\n".join(one_line(line, 2000) for line in card["text"].splitlines()))


def _problem(row: Row, width: int) -> Iterator[RenderableType]:
    share = row["share"]
    interval = f" ({100 * share['low']:.1f} – {100 * share['high']:.1f})" if share else ""
    yield Text.assemble((row["problem"], "bold"), f"   {_share(share)} right{interval}")
    yield Text(one_line(row["question"] or "", 1000))
    yield Text(f"gold {one_line(str(row['gold']), 200)}", style="dim")
    yield Text()
    table = Table("step", "right", "95 % interval", "answers", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for visit in row["visits"]:
        found = visit["share"]
        right = f"{found['right']}/{found['n']}" if found else ""
        interval = f"{100 * found['low']:.0f} – {100 * found['high']:.0f}" if found else ""
        table.add_row(str(visit["step"]), right, interval, _answers(row["kinds"], visit["counts"]))
    yield table
    total = count(sum(kind["count"] for kind in row["kinds"]))
    yield Text(f"{len(row['visits'])} visits, {total} responses", style="dim")


def _answers(kinds: list[Row], counts: list[int]) -> Text:
    """The answers of a visit, commonest kinds first: `82 ×5, 72 ×2, none ×1`."""
    pairs = [(kind, number) for kind, number in zip(kinds, counts, strict=True) if number]
    text = Text()
    for kind, number in pairs:
        name = one_line(kind["answer"], 20) if kind["answer"] is not None else kind["kind"]
        text.append(f"{name} ×{number}  ", "green" if kind["kind"] == "right" else "")
    return text


VIEWS: dict[str, Callable[[Row, int], Iterator[RenderableType]]] = {
    "overview": _overview,
    "step": _step,
    "group": _group,
    "problem": _problem,
}
