"""What `whet doctor` found, for the terminal."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from whet.doctor.finding import Finding

SIGNS = {"ok": ("✓", "green"), "note": ("·", "yellow"), "fault": ("✗", "red")}


def findings_page(findings: "Iterable[Finding]") -> RenderableType:
    """Renders findings by topic, each fix under what it mends, and a verdict at the end."""
    found = list(findings)
    return Group(*_topics(found), Text(), _verdict(found))


def _topics(findings: "list[Finding]") -> Iterator[RenderableType]:
    for topic in dict.fromkeys(one.topic for one in findings):
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, min_width=18)
        table.add_column(overflow="fold")
        for one in findings:
            if one.topic == topic:
                sign, colour = SIGNS[one.state]
                table.add_row(Text(sign, style=colour), Text(one.name), Text(one.value))
                if one.fix:
                    table.add_row("", "", Text(f"→ {one.fix}", style="cyan"))
        yield Text(topic, style="bold")
        yield table


def _verdict(findings: "list[Finding]") -> Text:
    faults = sum(one.state == "fault" for one in findings)
    if faults:
        return Text(f"{faults} thing{'s' if faults > 1 else ''} to fix (✗)", style="red")
    return Text("whet can train here; · marks what works with less, or not at all, until you want it", style="green")
