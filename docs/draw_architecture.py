"""Draws docs/images/architecture.svg from the code: the floors, what imports what, and ten stops of a prompt's way.

    python docs/draw_architecture.py

Nothing in the picture is typed in but the list of stops: folders, imports and sentences are read from src/whet.
"""

import ast
from collections.abc import Iterator
from html import escape
from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "whet"
PICTURE = ROOT / "docs" / "images" / "architecture.svg"

STOPS = (
    ("grpo/algorithm.py", "train"),
    ("data/stream.py", "ProblemStream.draw"),
    ("data/prompts.py", "PromptRenderer.render"),
    ("rollout/rollouts.py", "Rollouts.requests"),
    ("rollout/native.py", "NativeSampler.generate"),
    ("rewards/mixture.py", "Mixture.grade"),
    ("grpo/advantage.py", "advantages"),
    ("batch.py", "collate"),
    ("policy/language_model.py", "LanguageModel.logprobs"),
    ("grpo/objective.py", "objective"),
)
"""How a prompt becomes a gradient, as docs/architecture.md walks it."""

WIDTH, BAND, LEFT, RIGHT = 1290, 84, 96, 800
"""Pixels: of the picture, of a floor's band, and where rooms begin and end."""

STYLE = """
  text { font-family: system-ui, sans-serif; fill: #1f2933; }
  .floor { font-size: 12px; fill: #52606d; }
  .room { font-size: 12.5px; text-anchor: middle; }
  .sentence { font-size: 11.5px; fill: #52606d; }
  .file { font-size: 12.5px; font-weight: 600; }
  .number { font-size: 11px; font-weight: 700; fill: #fff; text-anchor: middle; }
"""


def floors() -> list[tuple[str, list[str]]]:
    """Name and rooms of each floor, the top one first, from the table in CONTRIBUTING.md."""
    found = []
    for line in (ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines():
        if line.startswith("    ") and line.lstrip()[:1].isdigit() and "  " in line.strip():
            number, name, *rest = line.split()
            rooms = [word.strip("/") for word in " ".join(rest).split("maths and text")[0].split()]
            found.append((f"{number} {name}", [room for room in rooms if _exists(room)]))
    return found


def _exists(room: str) -> bool:
    return (PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").is_file()


def arrows(rooms: set[str]) -> list[tuple[str, str]]:
    """Which room imports which, wherever the import stands."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        here = path.relative_to(PACKAGE).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("whet."):
                found.add((here, str(node.module).split(".")[1]))
    return sorted((a, b) for a, b in found if a != b and {a, b} <= rooms)


def sentence(file: str, name: str) -> str:
    """The first sentence of what the docstring of a function or method says."""
    node: ast.AST = ast.parse((PACKAGE / file).read_text("utf-8"))
    for part in name.split("."):
        node = next(child for child in ast.iter_child_nodes(node) if getattr(child, "name", None) == part)
    text = " ".join((ast.get_docstring(node) or "").split())  # type: ignore[arg-type]
    return text.partition(". ")[0].rstrip(".") + "."


def places(table: list[tuple[str, list[str]]]) -> dict[str, tuple[float, float]]:
    """The middle of each room."""
    found = {}
    for level, (_, rooms) in enumerate(table):
        step = (RIGHT - LEFT) / max(len(rooms), 1)
        for index, room in enumerate(rooms):
            found[room] = (LEFT + step * (index + 0.5), BAND * (level + 0.5) + 12)
    return found


def drawn() -> str:
    """The picture as SVG."""
    table = floors()
    where = places(table)
    height = max(BAND * len(table) + 24, 58 * len(STOPS) + 40)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img" aria-label="The floors of Whet and the ten stops of a prompt on its way to a gradient">',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        *_bands(table),
        *(_arrow(where[a], where[b]) for a, b in arrows(set(where))),
        *(_room(room, *place, table) for room, place in where.items()),
        *_walk(where),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _bands(table: list[tuple[str, list[str]]]) -> Iterator[str]:
    for level, (name, _) in enumerate(table):
        top = BAND * level + 12
        fill = "#f5f7fa" if level % 2 else "#eef2f6"
        yield f'<rect x="8" y="{top}" width="{RIGHT}" height="{BAND}" fill="{fill}"/>'
        yield f'<text class="floor" x="16" y="{top + BAND / 2 + 4:.0f}">{escape(name)}</text>'


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    middle = (y1 + y2) / 2
    return (
        f'<path d="M{x1:.0f} {y1:.0f} C{x1:.0f} {middle:.0f} {x2:.0f} {middle:.0f} {x2:.0f} {y2:.0f}" '
        'fill="none" stroke="#9fb3c8" stroke-width="0.8" opacity="0.45"/>'
    )


def _room(room: str, x: float, y: float, table: list[tuple[str, list[str]]]) -> str:
    rooms = next(rooms for _, rooms in table if room in rooms)
    width = min((RIGHT - LEFT) / len(rooms) - 8, 120)
    shown = f"{room}/" if (PACKAGE / room).is_dir() else f"{room}.py"
    return (
        f'<rect x="{x - width / 2:.0f}" y="{y - 14:.0f}" width="{width:.0f}" height="28" rx="5" fill="#fff" '
        f'stroke="#829ab1"/><text class="room" x="{x:.0f}" y="{y + 4:.0f}">{shown}</text>'
    )


def _walk(where: dict[str, tuple[float, float]]) -> Iterator[str]:
    """The numbered stops, in the house and as a list beside it."""
    seen: dict[str, int] = {}
    points = []
    for number, (file, name) in enumerate(STOPS, 1):
        room = file.partition("/")[0].removesuffix(".py")
        x, y = where[room]
        shift = seen[room] = seen.get(room, -1) + 1
        points.append((x - 20 + 21 * shift, y - 22))
        top = 58 * (number - 1) + 34
        yield _number(number, RIGHT + 36, top)
        yield f'<text class="file" x="{RIGHT + 56}" y="{top + 4}">{escape(file)}: {escape(name)}</text>'
        for line, text in enumerate(wrap(sentence(file, name), 66)[:2]):
            yield f'<text class="sentence" x="{RIGHT + 56}" y="{top + 20 + 14 * line}">{escape(text)}</text>'
    line = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
    yield f'<polyline points="{line}" fill="none" stroke="#d64545" stroke-width="1.4" stroke-dasharray="4 3"/>'
    yield from (_number(number, x, y) for number, (x, y) in enumerate(points, 1))


def _number(number: int, x: float, y: float) -> str:
    return (
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="9.5" fill="#d64545"/>'
        f'<text class="number" x="{x:.0f}" y="{y + 4:.0f}">{number}</text>'
    )


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
