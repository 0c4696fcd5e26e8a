"""Reads and compares two evaluations, paired by problem: `whet compare A B`."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from whet.errors import UserError
from whet.eval.comparison import Comparison, Pair, p_text, points
from whet.eval.headline import headline
from whet.eval.record import Record, parse_records
from whet.eval.statistics import Interval
from whet.runs import layout
from whet.text import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType


def compare(a: str | PathLike[str], b: str | PathLike[str], *, intersect: bool = False) -> Comparison:
    """Pairs two evaluations by problem.

    Args:
        a: the baseline: a JSONL file of records, a run folder (its final evaluation), or
            `RUN:base`, `RUN:sft`, `RUN:final` for another stage of a run.
        b: the same for the other side.
        intersect: compare the problems that both have, where their sets differ.

    Raises:
        UserError: something cannot be read, or the two have different problems.
    """
    return paired(str(a), read_records(a), str(b), read_records(b), intersect=intersect)


def paired(
    a: str, of_a: Mapping[str, Record], b: str, of_b: Mapping[str, Record], *, intersect: bool = False
) -> Comparison:
    """Pairs two sets of records by problem id, as `compare` does; `a` and `b` are their names."""
    shared = [id for id in of_a if id in of_b]
    only_a, only_b = len(of_a) - len(shared), len(of_b) - len(shared)
    if not shared:
        raise UserError(f"{a} and {b} share no problem: evaluate both on the same data and seed")
    if (only_a or only_b) and not intersect:
        raise UserError(
            f"{a} has {len(of_a)} problems and {b} has {len(of_b)}, {len(shared)} of them the same: evaluate "
            "both on the same data, or pass --intersect to compare the shared ones"
        )
    pairs = tuple((of_a[id], of_b[id]) for id in shared)
    for was, now in pairs:
        if (was.question, was.gold) != (now.question, now.gold):
            raise UserError(f"problem {was.id} differs between {a} and {b}: evaluate both on the same data")
    return Comparison(a, b, pairs, only_a, only_b)


def read_records(where: str | PathLike[str]) -> dict[str, Record]:
    """Returns the records of an evaluation by problem id, in the file's order.

    Raises:
        UserError: there is no such evaluation, a line of it is not a record, or an id is repeated.
    """
    path = evaluation_file(where)
    return parse_records(path.read_text(encoding="utf-8", errors="replace"), str(path))


def evaluation_file(where: str | PathLike[str]) -> Path:
    """Returns the JSONL file that a path, a run folder or `RUN:stage` refers to.

    Raises:
        UserError: there is none.
    """
    path = Path(where)
    if path.is_file():
        return path
    if path.is_dir():
        return _stage(path, "final")
    folder, _, stage = str(where).rpartition(":")
    if folder and Path(folder).is_dir():
        return _stage(Path(folder), stage)
    raise UserError(f"{where} is neither records nor a run folder: give a JSONL file, RUN, RUN:base or RUN:sft")


def _stage(folder: Path, stage: str) -> Path:
    known = {file.stem: file for file in sorted((folder / layout.EVALUATIONS).glob("*.jsonl"))}
    if stage not in known:
        stages = ", ".join(f"{folder}:{name}" for name in known)
        fix = f"it has {stages}" if stages else "evaluate it with `whet eval`"
        raise UserError(f"{folder} has no evaluation named {stage}: {fix}")
    return known[stage]


def render(comparison: Comparison, examples: int = 3) -> "RenderableType":
    """Renders a comparison for the terminal: accuracies, the difference, and up to `examples` problems each way."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    a, b = comparison.a, comparison.b
    table = Table("", "A", "B", "B − A", "fixed", "broken")
    rows = (
        ("accuracy", a.accuracy, a.interval, b.accuracy, b.interval, comparison.strict),
        ("wherever the answer stands", a.lenient_accuracy, a.lenient_interval, b.lenient_accuracy,
         b.lenient_interval, comparison.lenient),
    )  # fmt: skip
    for name, of_a, a_interval, of_b, b_interval, found in rows:
        change = f"{points(found.difference)} [{points(found.low)}, {points(found.high)}], {p_text(found.p_value)}"
        shares = _share(of_a, a_interval), _share(of_b, b_interval)
        table.add_row(name, *shares, change, str(found.fixed), str(found.broken))
    names = Text(f"A: {one_line(comparison.a_name)}\nB: {one_line(comparison.b_name)}")
    return Group(names, table, Text(comparison.sentence), Text(headline(comparison)), _examples(comparison, examples))


def _examples(comparison: Comparison, count: int) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    table = Table("", "problem", "gold", "A", "B")
    kinds: Sequence[tuple[str, list[Pair]]] = (("fixed", comparison.fixed), ("broken", comparison.broken))
    for kind, pairs in kinds:
        for a, b in pairs[:count]:
            cells = (one_line(text or "no answer") for text in (a.question, a.gold, a.answer, b.answer))
            table.add_row(kind, *map(Text, cells))
    return table if table.row_count else Text("No problem changed sides.")


def _share(value: float, interval: Interval) -> str:
    return f"{100 * value:.1f} % [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"
