"""Draws how a run goes and how a GRPO step goes: docs/images/pipeline.svg and docs/images/grpo_loop.svg.

    python docs/draw_diagrams.py

The first stands in the page's report too, so it is written beside the page's files as well. Both follow the reader's
light or dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).resolve().parents[1]
PIPELINE = (ROOT / "docs" / "images" / "pipeline.svg", ROOT / "src" / "whet" / "dashboard" / "static" / "pipeline.svg")
LOOP = (ROOT / "docs" / "images" / "grpo_loop.svg",)

STYLE = """
  text { font-family: system-ui, sans-serif; fill: #1b1c1e; font-size: 13px; }
  .title { font-size: 15px; font-weight: 600; } .small { font-size: 12px; fill: #5c5f63; } .symbol { fill: #1f5fa8; }
  .page { fill: #fff; } .box { fill: #fff; stroke: #8b8b86; } .main { stroke: #1f5fa8; stroke-width: 2; }
  .arrow { fill: none; stroke: #5c5f63; stroke-width: 1.5; } .head { fill: #5c5f63; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e7e7e4; } .small { fill: #a4a8ad; } .symbol { fill: #84b6f4; }
    .page { fill: #141517; } .box { fill: #141517; stroke: #7b8087; } .main { stroke: #84b6f4; }
    .arrow { stroke: #a4a8ad; } .head { fill: #a4a8ad; }
  }
"""

LINE = 17
"""Pixels from one line of text to the next."""


@dataclass(frozen=True)
class Box:
    """A box with a title, a symbol of the paper or none, and a few words. x, y: its upper left corner, in pixels."""

    x: int
    y: int
    title: str
    words: str
    symbol: str = ""
    kind: str = ""
    width: int = 184
    height: int = 116

    @property
    def middle(self) -> tuple[float, float]:
        """The point that arrows aim at."""
        return self.x + self.width / 2, self.y + self.height / 2

    def drawn(self) -> list[str]:
        """The box as SVG elements."""
        parts = [
            f'<rect class="box {self.kind}" x="{self.x}" y="{self.y}" '
            f'width="{self.width}" height="{self.height}" rx="4"/>',
            f'<text class="title" x="{self.x + 12}" y="{self.y + 24}">{escape(self.title)}</text>',
        ]
        top = self.y + 46
        if self.symbol:
            parts.append(f'<text class="symbol" x="{self.x + 12}" y="{top}">{escape(self.symbol)}</text>')
            top += LINE + 2
        lines = wrap(self.words, self.width // 7)
        return parts + [
            f'<text class="small" x="{self.x + 12}" y="{top + LINE * at}">{escape(line)}</text>'
            for at, line in enumerate(lines)
        ]


def arrow(points: Sequence[tuple[float, float]], words: str = "", at: tuple[float, float] = (0, 0)) -> list[str]:
    """A line through `points` with a head at its end, and words at a place of their own."""
    (x1, y1), (x2, y2) = points[-2:]
    across, down = (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)
    wide, long = 4, 8
    corners = (
        (x2, y2),
        (x2 - long * across + wide * down, y2 - long * down + wide * across),
        (x2 - long * across - wide * down, y2 - long * down - wide * across),
    )
    line = " ".join(f"{x:g},{y:g}" for x, y in (*points[:-1], (x2 - long * across, y2 - long * down)))
    head = " ".join(f"{x:g},{y:g}" for x, y in corners)
    parts = [f'<polyline class="arrow" points="{line}"/>', f'<polygon class="head" points="{head}"/>']
    return parts + ([f'<text class="small" x="{at[0]:g}" y="{at[1]:g}">{escape(words)}</text>'] if words else [])


def picture(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    """A whole SVG."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
    return "\n".join(
        [
            f'{head}role="img" aria-label="{escape(label)}">',
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{width}" height="{height}"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _right(a: Box, b: Box, words: str = "") -> list[str]:
    """An arrow from the right side of `a` to the left side of `b`."""
    y = a.middle[1]
    return arrow([(a.x + a.width, y), (b.x, y)], words, (a.x + a.width + 6, y - 8))


def pipeline() -> str:
    """How a run goes: check → warm start → GRPO → evaluation → report."""
    check = Box(16, 24, "Check", "gold answers score full marks? lengths fit? is there a signal?", kind="main")
    warm = Box(264, 24, "Warm start", "imitate worked solutions, a little: the layout, how long, when to stop")
    grpo = Box(512, 24, "GRPO", "sample, grade, reinforce what did better than its siblings", kind="main")
    measure = Box(760, 24, "Evaluation", "held-out problems, before and after, paired, with intervals")
    report = Box(1008, 24, "Report", "one page; chat, serve, export, push the result")
    middle, low = check.middle[0], 140
    parts = [line for box in (check, warm, grpo, measure, report) for line in box.drawn()]
    parts += _right(check, warm) + _right(warm, grpo) + _right(grpo, measure) + _right(measure, report)
    parts += [f'<text class="small" x="{warm.x}" y="16">after a cold start</text>']
    parts += arrow([(middle + 40, low), (middle + 40, 182), (grpo.middle[0], 182), (grpo.middle[0], low)])
    parts += [f'<text class="small" x="{middle + 52:g}" y="174">enough signal: straight to GRPO</text>']
    parts += arrow([(middle - 40, low), (middle - 40, 230)])
    parts += [
        f'<text class="small" x="{middle - 30:g}" y="226">'
        "no signal at all: it stops, and names the setting that fixes it</text>"
    ]
    return picture(1208, 240, "How a run goes: check, warm start, GRPO, evaluation, report", parts)


def grpo_loop() -> str:
    """One step of GRPO as a loop, with the paper's symbols."""
    top, low = 24, 196
    boxes = [
        Box(16, top, "Draw problems", "P questions of the step", "q ~ P(Q)", width=200),
        Box(272, top, "Sample", "G answers to each, from the policy as it is", "o₁ … o_G ~ π_old(·|q)", width=200),
        Box(528, top, "Grade", "is it right, is it laid out as asked, …", "r₁ … r_G", width=200),
        Box(
            528,
            low,
            "Compare siblings",
            "better than its siblings counts up, worse counts down; all equal: nothing",
            "Â = (r − mean) / std",
            width=200,
        ),
        Box(
            272,
            low,
            "Update",
            "clipped ratio times advantage; stay near the reference",
            "θ ← arg max J_GRPO(θ)",
            "main",
            width=200,
        ),
        Box(
            16, low, "Record", "every rollout, every figure; detectors read them", "rollouts/, metrics.jsonl", width=200
        ),
    ]
    draw, sample, grade, compare, update, record = boxes
    parts = [line for box in boxes for line in box.drawn()]
    parts += _right(draw, sample) + _right(sample, grade)
    parts += arrow([(grade.middle[0], top + grade.height), (grade.middle[0], low)])
    for a, b in ((compare, update), (update, record)):
        parts += arrow([(a.x, a.middle[1]), (b.x + b.width, b.middle[1])])
    parts += arrow([(record.middle[0], low), (record.middle[0], top + draw.height)])
    parts += [f'<text class="small" x="{record.middle[0] + 10:g}" y="172">next step</text>']
    parts += arrow([(update.middle[0], low), (update.middle[0], top + sample.height)])
    parts += [f'<text class="small" x="{update.middle[0] + 10:g}" y="172">π_old ← π_θ</text>']
    return picture(744, 328, "One step of GRPO: draw, sample, grade, compare siblings, update, record", parts)


if __name__ == "__main__":
    for paths, text in ((PIPELINE, pipeline()), (LOOP, grpo_loop())):
        for path in paths:
            path.write_text(text, encoding="utf-8")
