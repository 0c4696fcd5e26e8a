"""What stands around a box."""

import pytest

from rewards.growth import growth
from whet.formats import boxes
from whet.rewards.extraction.box_context import Boxed, in_context, in_maths


def boxed(text: str) -> Boxed:
    span = boxes(text)[-1]
    return in_context(text, span.start, span.end, span.answer)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("$x = \\boxed{5}$", "5"),
        ("$-\\boxed{5}$", "-5"),
        ("$-\\,\\boxed{5}$", "-5"),
        ("The value is -$\\boxed{5}$", "-5"),
        ("- $\\boxed{5}$", "5"),
        ("- \\boxed{5}", "5"),
        ("$3 + \\boxed{5}$", "3 + (5)"),
        ("$x = 3 + \\boxed{5}$", "3 + (5)"),
        ("$3 + \\boxed{5} = 8$", "5"),
        ("$3 + 2 = \\boxed{5}$", "5"),
        ("$\\frac{\\boxed{5}}{3}$", "\\frac{5}{3}"),
        ("$\\sqrt{\\boxed{5}}$", "\\sqrt{5}"),
        ("$2^{\\boxed{5}}$", "2^{5}"),
        ("$\\log \\boxed{5}$", "\\log (5)"),
        ("$\\boxed{5} - 2$", "(5) - 2"),
        ("$\\boxed{5}!$", "(5)!"),
        ("\\boxed{5}!", "5"),
        ("$\\mathbf{\\boxed{5}}$", "5"),
        ("\\[\\begin{aligned} x &= 3 + 2 \\\\ &= \\boxed{5} \\end{aligned}\\]", "5"),
        ("$\\boxed{5}\\text{ cm}$", "5"),
        ("$\\boxed{5}, x > 0$", "5"),
        ("$\\boxed{5}$ million people", "5 million"),
        ("\\boxed{5} cubed", "5 cubed"),
        ("$\\boxed{5}$ or fewer", "5 or fewer"),
        ("\\boxed{5} times 3", "5 times 3"),
        ("$\\boxed{5}\\text{ dozen}$", "5 dozen"),
        ("$\\boxed{5}_7$", "5_7"),
        ("$(2, \\boxed{5})$", "(2, 5)"),
        ("$5 \\cdot \\boxed{\\ \\ } = 45$", "\\ \\ "),
        ("$\\{1, \\boxed{5}, 9\\}$", "\\{1, 5, 9\\}"),
        ("$|\\boxed{-5}|$", "|-5|"),
        ("The largest is at most $\\boxed{5}$", "5"),
        ("so $n \\ge \\boxed{5}$", "5"),
        ("There is no doubt that it is \\boxed{5}", "5"),
        ("It grows by a factor of \\boxed{5}", "5"),
        ("$\\boxed{5}$ to the nearest metre", "5"),
    ],
)
def test_says(text: str, says: str) -> None:
    assert (boxed(text).text, boxed(text).refused) == (says, "")


@pytest.mark.parametrize(
    "text",
    [
        "It is not \\boxed{5}",
        "$x \\ne \\boxed{5}$",
        "It cannot be $\\boxed{5}$",
        "never \\boxed{5}",
        "The answer is NOT \\boxed{5}.",
        "The answer is **not** \\boxed{5}.",
        "Not \\boxed{5} either.",
        "I do not think it is \\boxed{5}",
        "I don't believe that the correct answer is $\\boxed{5}$",
        "It isn’t \\(\\boxed{5}\\)",
        "$x ≠ \\boxed{5}$",
        "anything but \\boxed{5}",
        "Die Antwort ist nicht \\boxed{5}",
        "La réponse n'est pas \\boxed{5}",
        "答案不是\\boxed{5}",
        "Ответ не \\boxed{5}",
    ],
)
def test_a_negation(text: str) -> None:
    assert boxed(text).refused.startswith("a negation")


@pytest.mark.parametrize(
    "text",
    [
        "The only one that is not prime is \\boxed{5}",
        "This is not hard: \\boxed{5}",
        "It is not 4. It is \\boxed{5}",
        "As 4 does not divide it, the answer is \\boxed{5}",
        "Why not? \\boxed{5}",
        "He has no nuts left and a knot of \\boxed{5}",
        "Whether he pays or not, it is \\boxed{5}",
    ],
)
def test_a_negation_of_something_else(text: str) -> None:
    assert boxed(text) == Boxed("5")


def test_a_word_at_the_end_of_the_line_before_denies_nothing() -> None:
    assert boxed("more of them float than not\n\\boxed{22}") == Boxed("22")


def test_in_maths() -> None:
    assert in_maths("so $x = 5$", 8)
    assert not in_maths("it costs $5 and \\boxed{5}", 16)


@pytest.mark.parametrize(
    "text",
    [
        "It is thrice $\\boxed{5}$",
        "It is more than \\boxed{5}",
        "It is half of $\\boxed{5}$",
        "the cube root of \\boxed{5}",
        "$x < \\boxed{5}$",
        "$y > \\boxed{5}$",
        "An incorrect answer is \\boxed{5}",
        "We reject \\boxed{5}",
    ],
)
def test_words_before_a_box_take_it_off(text: str) -> None:
    assert boxed(text).refused


@pytest.mark.parametrize("piece", [" ", "a", ",", "(", "$", "|"])
def test_long_surroundings_take_linear_time(piece: str) -> None:
    assert growth(lambda n: in_context(piece * n + "\\boxed{5}" + piece * n, n, n + 9, "5"), 400, 6400) < 48
