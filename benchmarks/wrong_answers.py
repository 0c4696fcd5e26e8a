"""Counts the wrong answers that the accuracy reward pays: mutated golds, hedged answers, hostile formulas.

    python -m benchmarks.wrong_answers mutated MATH500.jsonl GSM8K.jsonl [--count 12000] [--seed 0]
    python -m benchmarks.wrong_answers hedged
    python -m benchmarks.wrong_answers hostile

`mutated` takes gold answers from the files (rows of `problem` or `question`, and `answer`) and changes one thing in
each: a digit, the sign, an exponent, an operator, a bracket, a unit. Now and then a change leaves the value as it was
(`-0` for 0), so what is paid must be read. `hedged` names two values, with a connector between them. `hostile` are
formulas that are dear to compute or hard to parse; every one is graded on its own and timed. Rows are graded as by
`whet score`, with its worker and time-out.
"""

import argparse
import json
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from whet.rewards.gold_answer import golds_of
from whet.stages.score import score


class Wrong(NamedTuple):
    """An answer that must not be paid."""

    kind: str
    question: str
    completion: str
    gold: str


def _digit(gold: str, draw: random.Random) -> str:
    places = [found.start() for found in re.finditer(r"\d", gold)]
    at = draw.choice(places) if places else 0
    return gold[:at] + str((int(gold[at]) + draw.randint(1, 9)) % 10) + gold[at + 1 :] if places else gold


def _sign(gold: str, draw: random.Random) -> str:
    places = [found.start() for found in re.finditer(r"(?<![\d.,])\d|(?<![\\a-zA-Z])[a-z](?![a-zA-Z])", gold)]
    at = draw.choice([0, *places])
    return gold[: at - 1] + gold[at:] if at and gold[at - 1] == "-" else gold[:at] + "-" + gold[at:]


def _exponent(gold: str, draw: random.Random) -> str:
    return gold + draw.choice(("^2", "^{3}", "^{-1}", r" \times 10^2", r" \cdot 10^{-1}", "e3", "!"))


def _operator(gold: str, draw: random.Random) -> str:
    swaps = {"+": "-", "-": "+", r"\cdot": "+", "/": "*", r"\frac": r"\binom", r"\le": r"\ge", "<": ">", "=": r"\neq"}
    present = [sign for sign in swaps if sign in gold]
    if not present:
        return gold + draw.choice((" + 1", " - 2", " + x", r" \cdot 3", " / 2", r" \pm 1"))
    sign = draw.choice(present)
    return gold.replace(sign, swaps[sign], 1)


def _bracket(gold: str, draw: random.Random) -> str:
    swaps = {"(": "[", ")": "]", "[": "(", "]": ")", r"\{": "(", r"\}": ")"}
    present = [sign for sign in swaps if sign in gold]
    if not present:
        return draw.choice((r"({}, 0)", r"\{{{}, -7\}}", r"\sqrt{{{}}}", r"\left|{} - 9\right|", "({})^2")).format(gold)
    sign = draw.choice(present)
    return gold.replace(sign, swaps[sign], 1)


def _unit(gold: str, draw: random.Random) -> str:
    return gold + draw.choice(
        (r"\%", r" \text{ thousand}", r"^\circ", " dozen", " million", " percent", "k", r"\pi", "i")
    )


def _moved(gold: str, draw: random.Random) -> str:
    """A digit more, or the decimal point elsewhere."""
    found = re.search(r"\d+", gold)
    if not found:
        return gold + "1"
    digits = found[0]
    at = draw.randrange(len(digits) + 1)
    other = draw.choice(
        (digits[:at] + "1" + digits[at:], digits + "0", digits[0] + "." + digits[1:] + "5", "0." + digits)
    )
    return gold[: found.start()] + other + gold[found.end() :]


MUTATIONS: dict[str, Callable[[str, random.Random], str]] = {
    "digit": _digit,
    "sign": _sign,
    "exponent": _exponent,
    "operator": _operator,
    "bracket": _bracket,
    "unit": _unit,
    "digits moved": _moved,
}
ENDINGS = (r"So the answer is \boxed{{{}}}.", "The answer is ${}$.", "<answer>{}</answer>", "#### {}")


def mutated(rows: Sequence[dict[str, str]], count: int, seed: int) -> Iterator[Wrong]:
    """Golds with one thing changed, each text once, drawn from the seed; fewer where the rows do not give so many."""
    draw, seen = random.Random(seed), set[tuple[str, str]]()
    for _ in range(20 * count):
        if len(seen) == count:
            break
        row, kind = draw.choice(rows), draw.choice(list(MUTATIONS))
        (gold,) = golds_of(row["answer"])
        other = MUTATIONS[kind](gold, draw)
        if other == gold or (other, gold) in seen:
            continue
        seen.add((other, gold))
        yield Wrong(kind, row.get("problem") or row["question"], draw.choice(ENDINGS).format(other), gold)


CONNECTORS = (
    *(" or ", " or maybe ", " or else ", ", or ", " or possibly ", " or perhaps ", "/", " / ", "|", " | ", ", ", "; "),
    *(" and ", " and/or ", " and maybe ", " & ", " vs ", " vs. ", " versus ", " to ", " - ", " – ", "..", " ... ", "~"),
    *(
        " = ",
        " or equivalently ",
        ", maybe ",
        ", perhaps ",
        ", possibly ",
        " (or ",
        " (maybe ",
        " (alternatively ",
        ": ",
    ),
    *(", alternatively ", " alternatively ", ", otherwise ", " otherwise ", " else ", " but maybe ", " but possibly "),
    *(" if not ", ", if not ", " unless it is ", " could be ", ", could also be ", ", might be ", " either ", " oder "),
    *(
        " ou ",
        " o ",
        " 或 ",
        "\n",
        "\n\n",
        r" \text{ or } ",
        r" \text{ and } ",
        r" \vee ",
        r" \lor ",
        r" \quad ",
        " ? ",
    ),
)
PAIRS = (
    *(("18", "20"), ("7", "-7"), ("1/2", "2/3"), ("3.5", "4.5"), (r"\frac{1}{3}", r"\frac{2}{3}"), ("x+1", "x-1")),
    *(("A", "B"), ("5%", "6%"), (r"\sqrt{2}", r"\sqrt{3}"), (r"2\pi", r"3\pi"), ("1,000", "2,000"), ("$4", "$5")),
    *(("Monday", "Tuesday"), (r"90^\circ", r"60^\circ")),
)


def hedged() -> Iterator[Wrong]:
    """Two values with a connector between, in four places, both in turn the gold answer."""
    for connector, (one, other), place in product(CONNECTORS, PAIRS, ENDINGS):
        for gold in (one, other):
            yield Wrong(f"hedge {connector!r}", "How many?", place.format(f"{one}{connector}{other}"), gold)


FAMILIES: dict[str, Callable[[int], str]] = {
    "tower of powers": lambda n: "^{".join(["9"] * n) + "}" * (n - 1),
    "tower with carets": lambda n: "^".join(["9"] * n),
    "large power": lambda n: f"9^{{{10**n}}}",
    "negative large power": lambda n: f"2^{{-{10**n}}}",
    "factorial": lambda n: f"{10**n}!",
    "factorials of factorials": lambda n: "3" + "!" * n,
    "nested fractions": lambda n: r"\frac{1}{" * n + "2" + "}" * n,
    "nested roots": lambda n: r"\sqrt{2+" * n + "2" + "}" * n,
    "nested brackets": lambda n: "(" * n + "5" + ")" * n,
    "unclosed brackets": lambda n: "(" * n + "5",
    "unclosed braces": lambda n: r"\frac{" * n + "5",
    "closing braces": lambda n: "5" + "}" * n,
    "long number": lambda n: "7" * (10 * n),
    "long decimal": lambda n: "0." + "3" * (10 * n),
    "long sum": lambda n: "+".join(f"x_{{{k}}}" for k in range(n)),
    "product of sums": lambda n: "".join(f"(x+{k})" for k in range(n)),
    "power of a sum": lambda n: f"(a+b+c+d)^{{{n}}}",
    "product of sines": lambda n: "".join(rf"\sin({k}x)" for k in range(1, n + 1)),
    "nested sines": lambda n: r"\sin(" * n + "x" + ")" * n,
    "integral": lambda n: r"\int_0^1 " * n + "x^x dx",
    "sum to infinity": lambda n: rf"\sum_{{k=1}}^{{\infty}} \frac{{1}}{{k^{{{n}}}+1}}",
    "large sum": lambda n: rf"\sum_{{k=1}}^{{{10**n}}} k^k",
    "limit": lambda n: rf"\lim_{{x\to 0}} (1+x)^{{{n}/x^{n}}}",
    "binomial": lambda n: rf"\binom{{{10**n}}}{{{10**n // 2}}}",
    "matrix": lambda n: r"\begin{pmatrix}" + r"\\".join("&".join(["x"] * n) for _ in range(n)) + r"\end{pmatrix}",
    "wide set": lambda n: r"\{" + ",".join(map(str, range(10 * n))) + r"\}",
    "white space": lambda n: "5" + " " * (100 * n) + "6",
    "combining marks": lambda n: "5" + "̈" * (10 * n),
    "minus signs": lambda n: "-" * (2 * n + 1) + "5",
    "relations": lambda n: "<".join("abcdefgh"[k % 8] for k in range(n + 1)),
}
SIZES = (1, 2, 3, 4, 5, 7, 9, 12, 16, 20, 27, 40, 60, 90, 130, 200, 300, 500, 800, 1200)
HOSTILE_GOLDS = ("17", "x^2+1")


def hostile() -> Iterator[Wrong]:
    """30 families of formulas at 20 sizes, none of them equal to the gold answer that it stands beside."""
    for (family, formula), (at, size) in product(FAMILIES.items(), enumerate(SIZES)):
        yield Wrong(family, "What is it?", rf"\boxed{{{formula(size)}}}", HOSTILE_GOLDS[at % 2])


def paid(answers: Sequence[Wrong]) -> list[bool]:
    """Whether each is paid in full or in part, as `whet score --rewards accuracy` grades it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.jsonl"
        rows = ({"prompt": one.question, "completion": one.completion, "answer": one.gold} for one in answers)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return [bool(marks["accuracy"]) for marks in score(path, ["accuracy"])]


def report(answers: Sequence[Wrong], marks: Sequence[bool], show: int) -> str:
    """The counts, and each text that is paid."""
    texts = [
        f"{one.kind}: {one.completion!r} for {one.gold!r}" for one, mark in zip(answers, marks, strict=True) if mark
    ]
    return "\n".join([f"{len(texts):,} of {len(answers):,} paid", *texts[:show]])


def _timed(answers: Sequence[Wrong]) -> tuple[list[bool], list[float]]:
    marks, seconds = list[bool](), list[float]()
    for one in answers:
        begun = time.perf_counter()
        marks += paid([one])
        seconds.append(time.perf_counter() - begun)
    return marks, seconds


def main() -> None:
    """Prints how many are paid, each of them, and for hostile formulas the seconds that they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("mutated", "hedged", "hostile"))
    parser.add_argument("files", type=Path, nargs="*", help="of gold answers, for `mutated`")
    parser.add_argument("--count", type=int, default=12_000, help="golds to mutate (12,000)")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations (0)")
    parser.add_argument("--show", type=int, default=1000, metavar="N", help="paid answers to print (1,000)")
    asked = parser.parse_args()
    if (asked.kind == "mutated") != bool(asked.files):
        parser.error("`mutated` takes files of gold answers, the others none")
    if asked.kind == "hostile":
        answers = list(hostile())
        marks, seconds = _timed(answers)
        worst = max(range(len(answers)), key=seconds.__getitem__)
        print(f"seconds: median {statistics.median(seconds):.3f}, at worst {seconds[worst]:.2f}: {answers[worst].kind}")
    else:
        rows = [json.loads(line) for path in asked.files for line in path.read_text("utf-8").splitlines()]
        answers = list(mutated(rows, asked.count, asked.seed) if asked.kind == "mutated" else hedged())
        marks = paid(answers)
    print(report(answers, marks, asked.show))


if __name__ == "__main__":
    main()
