"""Explains the verdicts of `accuracy` on a file: `whet score FILE.jsonl --explain`."""

import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from whet.data.rows import locate
from whet.formats import ResponseFormat
from whet.rewards.completions import question_of, response_of
from whet.rewards.gold_answer import golds_of
from whet.rewards.judgement import Judgement, finder, judge
from whet.stages.score_rows import completion_rows
from whet.text import one_line
from whet.workers.math_compare import AnswerComparer

_RULE, _CANDIDATE, _GOLD = 13, 22, 14
"""Characters of the columns; the reason takes what is left of the line and goes on below."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a completion was judged."""

    line: int
    """The row of the file."""
    rule: str
    """The rule that found the answer; empty where none did."""
    candidate: str
    """What stood there."""
    gold: str
    verdict: float | None
    """1.0 or 0.0 as `accuracy` gives it; None without a gold answer."""
    why: str

    def as_dict(self) -> dict[str, Any]:
        """Returns the explanation as JSON."""
        return asdict(self)

    def lines(self, width: int) -> list[str]:
        """Renders the explanation in lines of at most `width` columns."""
        mark = {1.0: "✓", 0.0: "✗", None: " "}[self.verdict]
        start = (
            f"{self.line:>5} {mark} {_cell(self.rule or '-', _RULE)} {_cell(self.candidate, _CANDIDATE)} "
            f"{_cell(self.gold, _GOLD)} "
        )
        return textwrap.wrap(one_line(self.why, 300), width, initial_indent=start, subsequent_indent=" " * len(start))


def header() -> str:
    """The names of the columns that `Explanation.lines` renders."""
    return f"{'line':>5}   {_cell('rule', _RULE)} {_cell('candidate', _CANDIDATE)} {_cell('gold', _GOLD)} why"


def _cell(text: str, width: int) -> str:
    return one_line(text, width).ljust(width)


def explain(path: str | Path, layout: ResponseFormat | None = None) -> Iterator[Explanation]:
    """Explains the verdict on each completion of a file, in order; `layout` is the format that marks the answer.

    Raises:
        UserError: the file is missing, or a row is broken.
    """
    find, equal = finder(layout), AnswerComparer()
    for number, row in completion_rows(locate(path, "test"), reads_answers=True):
        golds = golds_of(row.get("answer"), row.get("accepted"))
        text, question = response_of(row["prompt"], row["completion"]), question_of(row["prompt"])
        yield _explanation(number, judge(text, find, golds or ("",), None, equal, question), bool(golds))


def _explanation(number: int, judged: Judgement, has_gold: bool) -> Explanation:
    found = judged.candidate
    rule, text = (found.rule, found.text) if found else ("", "")
    verdict, why = (float(judged.right), judged.why) if has_gold else (None, "no gold answer")
    return Explanation(number, rule, text, judged.gold, verdict, why)
