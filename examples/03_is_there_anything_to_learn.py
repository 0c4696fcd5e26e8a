"""Before hours are spent: is there something to learn from, and if not, why, and how to fix it?

python examples/03_is_there_anything_to_learn.py                      # the quickstart's recipe
python examples/03_is_there_anything_to_learn.py gsm8k-qwen0.5b       # another one, or a path
"""

import sys

import whet


def main() -> None:
    recipe, *pairs = sys.argv[1:] or ["quickstart"]
    report = whet.check(recipe, dict(pair.split("=", 1) for pair in pairs))
    for what, figure, verdict in report.rows():
        print(f"{what:<28} {figure:<24} {verdict}")
    print(f"\n{report.diagnosis.sentence}\n→ {report.diagnosis.fix}")
    if report.gold_failures:
        worst = report.gold_failures[0]
        print(f"\nThe rewards misread right answers, such as {worst.problem.answer!r}: {dict(worst.short)}")


if __name__ == "__main__":
    main()
