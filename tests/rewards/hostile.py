"""Answers that no person gives, to see what a grader makes of them."""

from collections.abc import Iterator

TOWERS = [
    "9**9**9",
    "9^9^9^9",
    "9^{9^{9}}",
    "9^{{9^{9}}}",
    "(((9^{99})^{99})^{99})",
    "2^{9999999}",
    "e^{e^{e^9}}",
    "\\exp(\\exp(\\exp(9)))",
    "170!",
    "(9!)!",
    "9!!!!",
    "10^{99999999}",
]
ALGEBRA = [
    "(x+y+z+w)^{40}",
    "(a+b+c+d+e+f+g+h)^{12}",
    "".join(f"({letter}+1)" for letter in "abcdefghijklmnopqrst"),
    "\\sin(x+y+z+w+a+b+c)",
    "(\\sin(x)+\\cos(y))^{20}",
    "\\sqrt{1+\\sqrt{2+\\sqrt{3+\\sqrt{5+\\sqrt{7+\\sqrt{11+\\sqrt{13}}}}}}}",
    "\\int_0^1 x^x dx",
    "\\sum_{n=1}^{10^9} n",
    "\\lim_{x\\to 0} x",
    "\\binom{999}{500}",
    "\\frac{" * 40,
    "|" * 40,
]
SHAPES = [
    "1e999999999",
    "(" * 290,
    "{" * 140 + "}" * 140,
    "\\left(" * 40,
    "1+" * 145 + "1",
    "x" * 299,
    "\\pi" * 90,
    "1/" * 90 + "1",
    "1=" * 90 + "1",
    "\\text{" * 40,
]
BYTES = ["\x00", "5\x00", "\ud800", "5\ud800", "\x1b[31m5", "\u202e5", "\ufeff", "½", "٣", "%s%n", "5\u200b6"]
CODE = ["__import__('os').system('true')", "${7*7}", "{{7*7}}", "\\input{/etc/passwd}", "\\def\\x{\\x\\x}\\x"]
BRACKETS = {"(": ")", "{": "}", "[": "]", "\\frac{": "}{2}", "\\sqrt{": "}", "\\left(": ""}
RUNS = ["a", "1", " ", "1,", "1.", "\\ ", "a ", "$", "%", "=", "\\text", "x^", "0", "\t", "{}", "\\\\", "-'"]
HOSTILE = [*TOWERS, *ALGEBRA, *SHAPES, *BYTES, *CODE]


def _bombs() -> Iterator[str]:
    """What computer algebra would work on for ages, or would fill the memory with."""
    for n in (7, 9, 99, 999):
        yield from (f"{n}**{n}**{n}", f"{n}^{{{n}^{{{n}}}}}", f"{n}^{n}^{n}", f"{n}^{{{n}{n}{n}{n}}}", f"{n}{n}!")
        yield from (f"({n}!)!", f"\\frac{{1}}{{{n}^{{{n * 10**6}}}}}", f"\\sqrt[{n}]{{{n}^{{{n}^{n}}}}}")
        yield from (f"\\sum_{{k=1}}^{{{n}^{n}}} k", f"\\prod_{{k=1}}^{{{n}00000}} k", f"\\binom{{{n}00000}}{{{n}0000}}")
        yield from (f"\\int_0^{{{n}}} x^{{x^x}} dx", f"\\log(\\log({n}^{{{n}^{{{n}}}}}))", f"e^{{e^{{{n}}}}}")
    for n in (10, 20, 30, 50, 100):
        yield f"(x+y+z+w+v)^{{{n}}}"
        yield f"(x+1)^{{{n}}}(y+1)^{{{n}}}(z+1)^{{{n}}}"
        yield "".join(f"(x+{i})" for i in range(n))
        yield "+".join(f"\\sqrt{{{i}}}" for i in range(2, n))
        yield "+".join(f"\\frac{{1}}{{x+{i}}}" for i in range(n))
        yield "\\cdot".join(f"\\sin({i}x)" for i in range(1, n))
        yield f"\\begin{{pmatrix}}{'1&' * n}1\\end{{pmatrix}}^{{{n}}}"
        yield "x^{" * n + "2" + "}" * n
        yield "|".join("x" * n)
        yield "\\log(" * n + "x" + ")" * n


def _nested() -> Iterator[str]:
    for n in (10, 50, 500, 5000):
        for opening, closing in BRACKETS.items():
            yield opening * n + "1" + closing * n
            yield opening * n
        yield "\\text{" * n + "a" + "}" * n
        yield "-" * n + "1"
        yield "\\begin{array}" * n


def _backtracking() -> Iterator[str]:
    """Texts on which careless patterns take time beyond all bounds: long runs that end in what does not match."""
    for n in (50, 1000, 20_000):
        yield from (run * n + "!" for run in RUNS)
        yield "1" * n + "e" + "9" * n
        yield ("1,000" * n) + "x"


def _raw() -> Iterator[str]:
    for text in ("\x00", "5\x00", "\x00" * 1000, "\ud800", "5\udfff", "\udcff\ud800" * 100, "\x1b[31m5\x1b[0m"):
        yield text
        yield f"\\frac{{{text}}}{{2}}"
    yield from ("\x1b]0;title\x07" + "5", "\x1b[2J\x1b[H", "\x9b31m5", "\u202e5\u202c", "\ufeff5", "\x85\u2028")
    yield from (letter * 500 for letter in ("\x7f", "\r\n", "\u200b", "\u0301", "\U0001f600", "²", "٣", "五", "½"))


def _huge() -> Iterator[str]:
    for piece in ("9", "x", "(", "\\frac{1}{", " ", "1+", "\x00", "\ud800", "\\sqrt{2}+", "\x1b[31m", "\n", "$"):
        yield piece * (1_000_000 // len(piece))


def hostile_answers() -> list[str]:
    """More than three hundred answers, no two alike: bombs, backtracking, a megabyte, deep nesting, raw bytes, code."""
    every = (*HOSTILE, *_bombs(), *_nested(), *_backtracking(), *_raw(), *_huge())
    return list(dict.fromkeys(every))
