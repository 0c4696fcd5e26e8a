"""Tables for the terminal: a run's evaluations and gains, sample answers, the check, recipe keys."""

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from whet.diagnose.report import CheckReport
from whet.eval.comparison import Comparison, points
from whet.eval.evaluation import Evaluation
from whet.eval.headline import headline
from whet.eval.record import Record
from whet.eval.statistics import PairedDifference
from whet.runs.pace import Pace
from whet.runs.views.figures import count, number
from whet.stages.run_result import BASE, FINAL, WARM, RunResult
from whet.text import both_ends, one_line, percent, shell_quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whet.config.fields import Key

NAMES: "Mapping[str, str]" = {BASE: "base model", WARM: "warm start", FINAL: "GRPO"}


def check_table(report: CheckReport) -> RenderableType:
    """Renders a check report and its diagnosis."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for what, figure, verdict in report.rows():
        table.add_row(what, Text(figure, style="bold"), Text(verdict, style="dim"))
    return Group(
        table, Text(), *_causes(report), Text(), Text(report.verdict(), style="green" if report.passes else "red")
    )


def _causes(report: CheckReport) -> Iterator[RenderableType]:
    """Every cause with its fixes, numbered where there are several: the order in which they must be fixed."""
    found = report.diagnosis.found
    for place, cause in enumerate(found, 1):
        yield Text(f"{place}. {cause.sentence}" if len(found) > 1 else cause.sentence, style="bold")
        yield Text(f"→ {cause.fix}", style="cyan")


def run_summary(outcome: RunResult, whet: str = "whet") -> RenderableType:
    """Renders the summary at the end of `whet train`; `whet` is the command to show in suggestions."""
    return Group(*_parts(outcome, whet))


def _parts(outcome: RunResult, whet: str) -> Iterator[RenderableType]:
    stages = list(outcome.evaluations)
    if len(stages) > 1:
        yield Text(headline(_paired(outcome.evaluations, stages[0], stages[-1])), style="bold")
        yield Text()
    yield results_table(outcome.evaluations)
    if len(stages) > 1:
        yield Text()
        yield gains_table(outcome.evaluations)
        yield Text()
        yield from _samples(outcome.evaluations[stages[0]], outcome.evaluations[stages[-1]])
    if outcome.pace:
        yield Text()
        yield Text(pace_line(outcome.pace))
    yield Text()
    yield next_steps(outcome, whet)


def results_table(evaluations: "Mapping[str, Evaluation]", problems: str = "held-out problems") -> Table:
    """Renders a row per evaluation: strict accuracy with its interval, lenient accuracy, format, truncation, length."""
    some = next(iter(evaluations.values()))
    table = Table(title=f"{len(some.records)} {problems}, greedy answers", title_justify="left", box=None)
    table.add_column("")
    for column in ("accuracy", "95 % interval", "lenient", "format", "truncated", "tokens"):
        table.add_column(column, justify="right")
    for stage, found in evaluations.items():
        low, high = found.interval
        table.add_row(
            Text(NAMES.get(stage, stage)),
            Text(f"{100 * found.accuracy:.1f} %", style="bold"),
            f"{100 * low:.1f} – {100 * high:.1f}",
            f"{100 * found.lenient_accuracy:.1f} %",
            percent(found.format_rate),
            percent(found.truncated_rate),
            f"{found.mean_length:.0f}",
        )
    return table


def gains_table(evaluations: "Mapping[str, Evaluation]") -> Table:
    """Renders the gain of each stage, and of all together, in strict and in lenient accuracy, paired by problem."""
    table = Table(title="gains, paired by problem", title_justify="left", box=None)
    table.add_column("")
    for column in ("points", "95 % interval", "fixed", "broken", "McNemar p"):
        table.add_column(column, justify="right")
    stages = list(evaluations)
    for before, after in [*pairwise(stages), *([(stages[0], stages[-1])] if len(stages) > 2 else [])]:
        found = _paired(evaluations, before, after)
        name = f"{NAMES.get(after, after)} over {NAMES.get(before, before)}"
        table.add_row(Text(name), *_gain(found.strict))
        table.add_row(Text("  right anywhere", style="dim"), *_gain(found.lenient))
    return table


def _paired(evaluations: "Mapping[str, Evaluation]", before: str, after: str) -> Comparison:
    pairs = tuple(zip(evaluations[before].records, evaluations[after].records, strict=True))
    return Comparison(before, after, pairs)


def _gain(found: PairedDifference) -> list[RenderableType]:
    colour = "green" if found.low > 0 else "red" if found.high < 0 else "yellow"
    difference = Text(points(found.difference), style=f"bold {colour}")
    interval = f"{points(found.low)} to {points(found.high)}"
    return [difference, interval, str(found.fixed), str(found.broken), f"{found.p_value:.1g}"]


def _samples(before: Evaluation, after: Evaluation, count: int = 3) -> Iterator[RenderableType]:
    """Up to `count` problems with both answers: fixed ones first, and at least one still wrong if there is any."""
    pairs = list(zip(before.records, after.records, strict=True))
    fixed = [pair for pair in pairs if pair[1].correct and not pair[0].correct]
    wrong = [pair for pair in pairs if not pair[1].correct]
    chosen = {pair[0].id: pair for pair in [*fixed[: count - 1], *wrong[:1], *fixed[count - 1 :], *pairs]}
    for was, now in islice(chosen.values(), count):
        yield Text.assemble(("  " + one_line(was.question), "bold"), ("   gold " + one_line(was.gold), "dim"))
        yield _answer("before", was)
        yield _answer("after ", now)


def _answer(label: str, record: Record, width: int = 66) -> Text:
    mark, colour = ("✓", "green") if record.correct else ("✗", "red")
    return Text.assemble((f"    {label} {mark} ", colour), (both_ends(record.response, width), "dim"))


def pace_line(pace: Pace) -> str:
    """Returns a line on the speed of GRPO and its efficiency.

    >>> pace_line(Pace(steps=16, seconds=9.83, tokens_per_second=410.2, efficiency=0.52))
    "GRPO: 16 steps, 9.83 s each, 410 tokens/s, 52 % of this machine's limit (η)"
    """
    steps = "1 step" if pace.steps == 1 else f"{count(pace.steps)} steps"
    speed = f"{number(pace.seconds)} s each, {count(pace.tokens_per_second)} tokens/s"
    return f"GRPO: {steps}, {speed}, {percent(pace.efficiency)} of this machine's limit (η)"


def next_steps(outcome: RunResult, whet: str = "whet") -> RenderableType:
    """Renders the run's folder and the commands to use next."""
    path, stages = outcome.path, list(outcome.evaluations)
    first, last = (shell_quoted(f"{path}:{stage}") for stage in (stages[0], stages[-1]))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_row("everything is in", Text(str(path), style="bold"))
    table.add_row("talk to it", Text(f"{whet} chat {shell_quoted(path)}", style="cyan"))
    table.add_row("measure it again", Text(f"{whet} eval {shell_quoted(path)} --limit 500", style="cyan"))
    if first != last:
        table.add_row("compare before and after", Text(f"{whet} compare {first} {last}", style="cyan"))
    return table


def evaluation_table(name: str, evaluation: Evaluation) -> RenderableType:
    """Renders one evaluation, with pass@k and maj@k where there are samples."""
    table = results_table({name: evaluation}, "problems")
    sampled = [(key, value) for key, value in evaluation.summary().items() if "@" in key]
    more = [Text(f"  {key} {100 * value:.1f} %") for key, value in sampled if isinstance(value, float)]
    return Group(table, *more)


def keys_table(keys: "Sequence[Key]") -> RenderableType:
    """Renders every key of a recipe."""
    table = Table("key", "type", "default", "what it does", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for key in keys:
        default = one_line(str(key.default), 40)
        table.add_row(Text(key.key, style="bold"), Text(key.kind), Text(default), Text(key.sentence))
    return table
