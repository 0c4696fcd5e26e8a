"""Reads and compares two evaluations, paired by problem: `whet compare A B`."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from whet.errors import UserError
from whet.eval.comparison import Comparison, Pair, p_text, points
from whet.eval.headline import headline
from whet.eval.record import Record, parse_records
from whet.eval.statistics import Interval
from whet.runs import layout
from whet.runs.address import Address, locate
from whet.stages.run_result import FINAL
from whet.text import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from whet.eval.evaluation import Evaluation
    from whet.runs.views.view import View


def compare(
    a: str | PathLike[str], b: str | PathLike[str], *, intersect: bool = False, view: "View | None" = None
) -> Comparison:
    """Pairs two evaluations by problem.

    Args:
        a: the baseline: a JSONL file of records, a run (its final evaluation), `RUN:base`, `RUN:sft` or `RUN:final`
            for another stage of it, or `RUN:step-N`, which is evaluated where the run did not.
        b: the same for the other side.
        intersect: compare the problems that both have, where their sets differ.
        view: where the progress of an evaluation is shown.

    Raises:
        UserError: something cannot be read, or the two have different problems.
    """
    return paired(str(a), read_records(a, view), str(b), read_records(b, view), intersect=intersect)


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


def read_records(where: str | PathLike[str], view: "View | None" = None) -> dict[str, Record]:
    """Returns the records of an evaluation by problem id, in the file's order; of a checkpoint, it may be made first.

    Raises:
        UserError: there is no such evaluation, a line of it is not a record, or an id is repeated.
    """
    address = None if Path(where).is_file() else locate(where)
    if address and address.step is not None and _stage_of(address) not in _known(address.path):
        return {record.id: record for record in _evaluated(address, view).records}
    path = evaluation_file(where)
    return parse_records(path.read_text(encoding="utf-8", errors="replace"), str(path))


def evaluation_file(where: str | PathLike[str]) -> Path:
    """Returns the JSONL file that a path, a run or `RUN:stage` refers to.

    Raises:
        UserError: there is none.
    """
    path = Path(where)
    if path.is_file():
        return path
    if address := locate(where):
        return _stage(address.path, _stage_of(address))
    raise UserError(f"{where} is neither records nor a run: give a JSONL file, RUN, RUN:base, RUN:sft or RUN:step-N")


def _stage_of(address: Address) -> str:
    """The name of an evaluation of a part of a run."""
    return address.part or FINAL if address.step is None else layout.stage_of(address.step)


def _known(folder: Path) -> dict[str, Path]:
    """Stage → records of the evaluations in a run folder."""
    return {file.stem: file for file in sorted((folder / layout.EVALUATIONS).glob("*.jsonl"))}


def _evaluated(address: Address, view: "View | None") -> "Evaluation":
    """Evaluates the model of a checkpoint on the run's own held-out problems."""
    from whet.runs.views.live import make_view
    from whet.stages.evaluate import evaluate_model, evaluation_config

    with nullcontext(view) if view else make_view() as shown:
        return evaluate_model(evaluation_config(str(address), log=shown.note), shown)


def _stage(folder: Path, stage: str) -> Path:
    known = _known(folder)
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
