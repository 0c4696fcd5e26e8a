"""Gold answers as data sets have them."""

import pytest

from whet.rewards.extraction.candidate import Kind
from whet.rewards.gold_answer import gold_answer, golds_of, kind_of


@pytest.mark.parametrize(
    ("text", "gold"),
    [
        ("18", "18"),
        ("The answer is 18.", "18"),
        ("So \\boxed{5}", "5"),
        ("2 + 3 = 5\n#### 5", "5"),
        ("#### 14\nThe answer is: 14", "14"),
        ("\\text{Evelyn}", "\\text{Evelyn}"),
        ("x \\geq 5", "x \\geq 5"),
        ("9" * 1000, "9" * 1000),
        ("He has two of them and then she gives him some more. " * 20, None),
        ("He has two of them and then she gives him some more. " * 20 + "Hence \\boxed{7}.", "7"),
    ],
)
def test_gold_texts(text: str, gold: str | None) -> None:
    assert gold_answer(text) == gold


@pytest.mark.parametrize(
    ("gold", "kind"),
    [
        ("1,080", Kind.NUMBER),
        ("-\\frac{3}{4}", Kind.NUMBER),
        ("12\\%", Kind.NUMBER),
        ("\\text{(C)}", Kind.LETTER),
        ("5 cm", Kind.SINGLE),
        ("\\sqrt{2}", Kind.SINGLE),
        ("18,20", Kind.SEVERAL),
        ("x=2 \\text{ or } x=3", Kind.SEVERAL),
        ("(-\\infty,1)\\cup(3,\\infty)", Kind.SEVERAL),
    ],
)
def test_kinds(gold: str, kind: Kind) -> None:
    assert kind_of(gold) is kind


def test_lists_of_accepted_answers() -> None:
    assert golds_of(["1/2", "0.5"]) == ("1/2", "0.5")
    assert golds_of("1/2", ["0.5", None]) == ("1/2", "0.5")
    assert golds_of("") == golds_of(None) == ()
