"""Counts the formulas of problem texts that earn marks: each is given as the answer to its own problem.

    python -m benchmarks.copied_formulas MATH500.jsonl [--show N]

A file holds `problem` (or `question`) and `answer` in each row. Cut out are formulas between dollar signs or LaTeX
brackets, their sides at relations, their parts at commas, and runs of text that read as an expression. A formula that
is the gold answer word for word is counted apart: a copy of it is a right answer.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from whet.rewards.correctness import AccuracyParams, accuracy
from whet.rewards.expressions import canonical

_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$|\\\[(.+?)\\\]|\\\((.+?)\\\)", re.DOTALL)
_RELATION = re.compile(r"=|<|>|\\(?:leq?|geq?|in|to|text\{[^{}]*\})(?![a-z])|\\\\")
_EXPRESSION = re.compile(r"[\w(][\w\s+*/^().,-]*[+*/^-][\w\s+*/^().,-]*[\w)]|\d[\d.,]*%?")


def cut_out(problem: str) -> Iterator[str]:
    """Every formula of a problem's text, its sides, its parts, and expressions in plain text; with repeats."""
    for groups in _FORMULA.findall(problem):
        formula = next(filter(None, groups))
        yield formula
        for side in _RELATION.split(formula):
            yield side
            yield from side.split(",")
    yield from _EXPRESSION.findall(_FORMULA.sub(" ", problem))


def main() -> None:
    """Prints counts, and the formulas that are paid though the gold answer is written in another way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--show", type=int, default=100, metavar="N", help="formulas to print (100)")
    asked = parser.parse_args()
    grade = accuracy(None, AccuracyParams())
    counts, paid = Counter[tuple[str, str]](), list[str]()
    for row in map(json.loads, asked.file.read_text("utf-8").splitlines()):
        problem, gold = row.get("problem") or row["question"], row["answer"]
        for formula in dict.fromkeys(text.strip(" .,;\n") for text in cut_out(problem)):
            if not formula:
                continue
            answer = f"So we get \\boxed{{{formula}}}."
            (mark,) = grade(prompts=[problem], completions=[answer], completion_ids=[[]], answer=[gold])
            literal = canonical(formula).lower() == canonical(gold).lower()
            counts["the gold answer" if literal else "another formula", "paid" if mark else "not paid"] += 1
            if mark and not literal:
                paid.append(f"{formula!r} for {gold!r}: {problem[:100]!r}")
    for key, count in sorted(counts.items()):
        print(f"{count:7,} {', '.join(key)}")
    print("\n".join(paid[: asked.show]))


if __name__ == "__main__":
    main()
