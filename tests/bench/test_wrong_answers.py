"""Wrong answers for the accuracy reward: that they are wrong, as many as said, and counted where they are paid."""

import random

import pytest

from benchmarks.wrong_answers import (
    CONNECTORS,
    ENDINGS,
    FAMILIES,
    MUTATIONS,
    PAIRS,
    SIZES,
    Wrong,
    hedged,
    hostile,
    mutated,
    paid,
    report,
)

ROWS = [
    {"question": "How many?", "answer": "He has 2 * 9 = 18.\n#### 18"},
    {"problem": "Find the interval.", "answer": r"[-2, \frac{5}{7})"},
    {"problem": "Who?", "answer": r"\text{Evelyn}"},
]


def test_counts() -> None:
    assert len(set(CONNECTORS)) == 60
    assert len(set(PAIRS)) == 14
    assert len(list(hedged())) == 60 * 14 * 4 * 2  # four places, either value the gold one
    assert len(list(hostile())) == len(FAMILIES) * len(SIZES) == 600


def test_a_mutated_gold_is_another_text_and_none_comes_twice() -> None:
    found = list(mutated(ROWS, 100, seed=1))
    assert {one.gold for one in found} == {"18", r"[-2, \frac{5}{7})", r"\text{Evelyn}"}
    assert {one.kind for one in found} == set(MUTATIONS)
    assert not any(one.completion in {ending.format(one.gold) for ending in ENDINGS} for one in found)
    assert len({(one.kind, one.completion, one.gold) for one in found}) == 100
    assert found == list(mutated(ROWS, 100, seed=1))
    assert found != list(mutated(ROWS, 100, seed=2))


@pytest.mark.parametrize(
    ("kind", "gold", "wanted"),
    [
        ("digit", "5", set("012346789")),
        ("sign", "5", {"-5"}),
        ("sign", "-5", {"--5", "5"}),
        ("operator", "x=3", {r"x\neq3"}),
        ("bracket", "(1,2]", {"[1,2]", "(1,2)"}),
        ("digits moved", "7", {"17", "71", "70", "7.5", "0.7"}),
    ],
)
def test_one_thing_is_changed(kind: str, gold: str, wanted: set[str]) -> None:
    assert {MUTATIONS[kind](gold, random.Random(seed)) for seed in range(200)} == wanted


def test_what_is_paid_is_counted_and_shown() -> None:
    answers = [Wrong("digit", "How many?", rf"\boxed{{{value}}}", "18") for value in ("18.0", "19")]
    marks = paid(answers)
    assert marks == [True, False]
    assert report(answers, marks, show=5) == "1 of 2 paid\ndigit: '\\\\boxed{18.0}' for '18'"
    assert report(answers, marks, show=0) == "1 of 2 paid"
