"""Answers that no person gives, to see what a grader makes of them."""

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
HOSTILE = [*TOWERS, *ALGEBRA, *SHAPES, *BYTES, *CODE]
