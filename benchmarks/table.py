"""One table of results: for reading as Markdown, for machines as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a picture: a median and its spread."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Table:
    """What was measured: `data` holds every single measurement."""

    name: str
    """The key in the JSON file."""
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    data: dict[str, Any]
    bars: Sequence[Bar] = field(default=())
    unit: str = "s per step"
    """Of the bars."""

    def markdown(self) -> str:
        """A heading and a table, numbers to the right.

        >>> print(Table("t", "Seconds", ["", "s"], [["whet", "1.0"]], {}).markdown())
        ### Seconds
        <BLANKLINE>
        | | s |
        |---|---:|
        | whet | 1.0 |
        """
        lines = [self.columns, ["---", *["---:"] * (len(self.columns) - 1)], *self.rows]
        marks = ["| " + " | ".join(line) + " |" for line in lines]
        marks[0] = marks[0].replace("|  |", "| |", 1)
        marks[1] = marks[1].replace(" ", "")
        return "\n".join([f"### {self.title}", "", *marks])
