"""A plan on the screen, and planned beside actual."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from whet.runs.views.figures import duration

if TYPE_CHECKING:
    from whet.plan.run_plan import RunPlan
    from whet.plan.saved_plan import Row

GB = 1e9


def plan_page(plan: "RunPlan", price_per_hour: float | None = None) -> RenderableType:
    """Renders a plan; with a price the cost too."""
    return Group(*_parts(plan, price_per_hour))


def _parts(plan: "RunPlan", price: float | None) -> Iterator[RenderableType]:
    how = "measured here" if plan.calibrated else "by its data"
    yield Text.assemble(("Plan", "bold"), f" for {plan.device} ({how})\n")
    table = _table()
    for phase in plan.phases:
        table.add_row(phase.name, duration(phase.seconds), Text(phase.detail, style="dim"))
    table.add_row(Text("whole run", style="bold"), Text(duration(plan.seconds), style="bold"), "")
    yield table
    yield Text()
    table = _table()
    for name, size in plan.memory.items():
        if size >= 0.005 * GB:
            table.add_row(name, f"{size / GB:.2f} GB", "")
    table.add_row(Text("memory at the peak", style="bold"), Text(f"{plan.memory_peak / GB:.2f} GB", style="bold"), "")
    yield table
    yield Text(_fits(plan), style="green" if plan.memory_peak <= plan.memory_free else "red")
    yield Text()
    yield Text(f"tokens: {_count(plan.sampled_tokens)} sampled, {_count(plan.learned_tokens)} learned from")
    kinds = ", ".join(f"{name} {size / GB:.2f}" for name, size in plan.disk.items())
    yield Text(f"disk: {plan.disk_bytes / GB:.2f} GB ({kinds})")
    if price is not None:
        yield Text(f"cost: {plan.cost(price):.2f} at {price:g} an hour")
    for note in plan.notes:
        yield Text(f"· {note}", style="dim")


def _table() -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=27)
    table.add_column(justify="right", no_wrap=True, min_width=8)
    table.add_column(overflow="fold")
    return table


def _fits(plan: "RunPlan") -> str:
    free = f"{plan.memory_free / GB:.1f} GB are free"
    if plan.memory_peak <= plan.memory_free:
        return f"it fits: {free}"
    return (
        f"it does not fit: {free}; set model.lora: {{rank: 16}}, or lower grpo.group_size or grpo.sampling.max_tokens"
    )


def _count(tokens: float) -> str:
    """A number of tokens in a short form.

    >>> _count(1_234_567), _count(84_000), _count(420)
    ('1.2 M', '84 k', '420')
    """
    if tokens >= 1e6:
        return f"{tokens / 1e6:.1f} M"
    return f"{tokens / 1e3:.0f} k" if tokens >= 1e4 else f"{tokens:.0f}"


def comparison_page(rows: "Sequence[Row]") -> RenderableType:
    """Renders planned beside actual, with the error of the plan."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, justify in (("", "left"), ("planned", "right"), ("actual", "right"), ("error", "right")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for name, planned, actual in rows:
        shown = [f"{size / GB:.2f} GB" if name == "memory" else duration(size) for size in (planned, actual)]
        error = f"{100 * (planned / actual - 1):+.0f} %" if actual > 0 and planned > 0 else ""
        table.add_row(name, *shown, error)
    return table
