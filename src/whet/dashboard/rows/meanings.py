"""What each metric is and which values are healthy, read from docs/metrics.md: the one source, carried by the wheel."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from whet.dashboard.rows.shares import Row

PACKAGED = Path(__file__).parents[1] / "metrics.md"
SOURCE = Path(__file__).parents[4] / "docs" / "metrics.md"

ROW = re.compile(r"^\| `([^`]+)` \|(.*)\|\s*$")
FIRST = re.compile(r"^\d+\. \*\*(.+?)\*\*\s*(.*)$")
FILES = {"metrics.jsonl": "metrics", "timings.jsonl": "timings", "eval/": "eval"}

NUMBER = r"(-?[\d.]*\d(?:e-?\d+)?)"
RANGES = (
    (re.compile(rf"^under {NUMBER}\b"), lambda high: (None, high)),
    (re.compile(rf"^above {NUMBER}\b"), lambda low: (low, None)),
    (re.compile(rf"^{NUMBER} and more\b"), lambda low: (low, None)),
    (re.compile(rf"^0 with one pass; under {NUMBER}\b"), lambda high: (0.0, high)),
    (re.compile(r"^(0)(?=$|[;,])"), lambda low: (low, low)),
)
"""How the words of a healthy range begin, and the range that they give; `A to B` is read apart."""
BETWEEN = re.compile(rf"^{NUMBER} to {NUMBER}\b")


@cache
def document() -> str:
    """The text of docs/metrics.md."""
    return (PACKAGED if PACKAGED.is_file() else SOURCE).read_text(encoding="utf-8")


@cache
def meanings() -> Row:
    """Every metric by section, with its formula and healthy range, and which to read first."""
    sections = [_section(title, body) for title, body in _parts(document())]
    return {"sections": [one for one in sections if one["metrics"]], "first": list(_first(document()))}


def order(names: Sequence[str]) -> list[str]:
    """Sorts metrics as docs/metrics.md has them; those that it does not name come last, by name."""
    patterns = [re.compile(one["pattern"]) for section in meanings()["sections"] for one in section["metrics"]]

    def place(name: str) -> tuple[int, str]:
        return next((at for at, one in enumerate(patterns) if one.match(name)), len(patterns)), name

    return sorted(names, key=place)


def healthy_range(words: str) -> list[float | None] | None:
    """The range that begins a cell of the column "healthy"; None where it gives no numbers.

    >>> healthy_range("under 0.75; near 1 at the start: too hard"), healthy_range("0 to 0.1; beyond 1 …")
    ([None, 0.75], [0.0, 0.1])
    >>> healthy_range("rising, with steps of noise")
    """
    if found := BETWEEN.match(words):
        return [float(found[1]), float(found[2])]
    for pattern, ends in RANGES:
        if match := pattern.match(words):
            return list(ends(float(match[1])))
    return None


def _parts(text: str) -> Iterator[tuple[str, list[str]]]:
    """The sections of the document: title and lines."""
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, *lines = part.splitlines()
        yield title, lines


def _section(title: str, lines: list[str]) -> Row:
    file = next((name for mark, name in FILES.items() if mark in title), None)
    phase = next((name for name in ("grpo", "sft") if f'"{name}"' in title), None)
    prose = [line for line in lines if not line.startswith("|")]
    metrics = [_metric(match[1], match[2]) for line in lines if (match := ROW.match(line))]
    return {"title": title, "file": file, "phase": phase, "text": "\n".join(prose).strip(), "metrics": metrics}


def _metric(name: str, cells: str) -> Row:
    formula, healthy, *_ = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", cells)] + [""]
    pattern = "(.+)".join(re.escape(part) for part in re.split(r"<\w+>", name))
    shown = {"formula": formula, "healthy": healthy, "range": healthy_range(healthy)}
    return {"name": name, "pattern": f"^{pattern}$", **shown}


def _first(text: str) -> Iterator[Row]:
    """The metrics to read first: the numbered list of the document, with its continued lines."""
    for entry in re.split(r"\n(?=\d+\. )|\n\n", text):
        if match := FIRST.match(" ".join(entry.split())):
            names = re.findall(r"`([^`]+)`", match[1])
            yield {"name": names[0] if names else match[1], "title": match[1], "text": match[2]}
