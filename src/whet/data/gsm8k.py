"""Loads GSM8K, grade school maths in words (arXiv:2110.14168), from the hub or its own JSONL files."""

import re

from whet.data.fault import Row
from whet.data.hub_dataset import hub_rows
from whet.data.intake import MAX_BROKEN, BrokenRowError, collect, problem_id
from whet.data.rows import locate, read_rows
from whet.types import Problem

HUB_NAME = "openai/gsm8k"

TAKEN = {"question": "question", "answer": "answer", "solution": "answer"}
"""The columns of question, gold answer and solution."""

_CALCULATION = re.compile(r"<<[^<>]*>>")
_GOLD = re.compile(r"^####[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)


def split_answer(text: str) -> tuple[str, str] | None:
    """Splits an answer into steps without calculator marks and gold answer without commas; None without `####`.

    >>> split_answer("2 * 600 = $<<2*600=1200>>1,200.\\n#### 1,200")
    ('2 * 600 = $1,200.', '1200')
    """
    golds = list(_GOLD.finditer(text))
    if not golds:
        return None
    steps, gold = text[: golds[-1].start()], golds[-1][1]
    return _CALCULATION.sub("", steps).strip(), re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", gold)


def _problem(row: Row) -> Problem:
    question, answer = row.get("question"), row.get("answer")
    if not isinstance(question, str) or not question.strip():
        raise BrokenRowError("has no question")
    parts = split_answer(answer) if isinstance(answer, str) else None
    if parts is None:
        raise BrokenRowError("has no answer after ####")
    (solution, gold), question = parts, question.strip()
    return Problem(problem_id("gsm8k", question), question, gold, solution, source="gsm8k", columns=row, taken=TAKEN)


def load_gsm8k(split: str, path: str | None = None, max_broken: float = MAX_BROKEN) -> list[Problem]:
    """Loads a split: 7,473 training or 1,319 test problems; `path` is a file or folder to read instead of the hub."""
    if path is None:
        return collect(hub_rows(HUB_NAME, "main", split), _problem, f"{HUB_NAME} {split}", max_broken)
    file = locate(path, split, "main")
    return collect(read_rows(file, split, "main"), _problem, str(file), max_broken)
