"""Formulas compared in a worker: hostile ones cost their limit at most, good ones hardly more than without it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from processes import below
from rewards.hostile import hostile_answers
from whet.rewards import latex
from whet.rewards.equality import answers_equal
from whet.workers.math_compare import MEMORY, Algebra, ComparisonTimeout, algebra, compare_in_worker, service

LIMIT = 0.5
SLACK = 0.5
"""Seconds past its limit that an answer may take: the requirement."""

NOISE = 1.0
"""What is allowed on top where the machine is busy with other tests."""

GOLDS = ["\\sqrt{2}+1", "x^2+1", "(1, -2)", "\\frac{\\pi}{3}"]

GOOD = [
    ("\\frac{1}{\\sqrt{3}}", "\\frac{\\sqrt{3}}{3}", True),
    ("3\\sqrt{13}", "\\sqrt{117}", True),
    ("2, 1", "1,2", True),
    ("9a/20 + 11/20", "\\frac{11+9a}{20}", True),
    ("x^2 + 1", "y = x^2 + 1", True),
    ("(2,1)", "(1,2)", False),
    ("\\sqrt{2}", "\\sqrt{3}", False),
]


@pytest.fixture(scope="module")
def ours() -> Iterator[Algebra]:
    one = Algebra(LIMIT)
    one.equal("x", "y")  # starts it
    yield one
    one.close()


@pytest.fixture
def guarded(ours: Algebra) -> Iterator[Algebra]:
    """Answers are compared in the worker, with nothing remembered from before."""
    ours.given_up()
    before = latex.compare_by(ours.equal)
    yield ours
    latex.compare_by(before)


@pytest.mark.parametrize(("given", "gold", "equal"), GOOD)
def test_verdicts_are_those_of_this_process(ours: Algebra, given: str, gold: str, equal: bool) -> None:
    assert ours.equal(given, gold) is latex.verify(given, gold) is equal


def worst(answers: list[str], golds: list[str], compare: object) -> float:
    """The seconds that the slowest comparison took. None may be found equal."""
    seconds = []
    for gold in golds:
        for answer in answers:
            start = time.perf_counter()
            assert not compare(answer, gold), answer[:80]  # type: ignore[operator]
            seconds.append(time.perf_counter() - start)
    return max(seconds)


def test_hundreds_of_hostile_answers(guarded: Algebra) -> None:
    """R8 in its quick form, the way grading goes: refusals first, then the worker."""
    answers = hostile_answers()
    assert len(answers) >= 300
    assert worst(answers, GOLDS[:2], answers_equal) < LIMIT + SLACK + NOISE
    assert guarded.equal("2, 1", "1,2"), "a good answer afterwards"


def test_what_gets_past_every_refusal_is_given_up_in_time(ours: Algebra) -> None:
    """The same with no refusal at all: straight to computer algebra."""
    ours.given_up()
    endless = ["9^{9^{9^{9}}}", "(x+y+z+w+v)^{100}", "1+" * 500_000 + "1", "(9!)!"]
    assert worst(endless, ["x^2+1"], ours.equal) < LIMIT + SLACK + NOISE
    given_up = ours.given_up()
    assert given_up, "at least one of them runs away"
    assert {one.given for one in given_up} <= set(endless)
    assert ours.given_up() == [], "told once"
    assert ours.equal("2, 1", "1,2"), "the worker is there again"


def test_nothing_is_left_behind() -> None:
    before = below()
    one = Algebra(LIMIT)
    one.equal("9^{9^{9^{9}}}", "x")
    assert len(below() - before) >= 1
    one.close()
    assert below() <= before


def test_what_was_given_up_is_told() -> None:
    one = Algebra(limit=0.0)
    assert not one.equal("1,2", "1,2")
    assert one.given_up() == [ComparisonTimeout("1,2", "1,2", "took longer than 0 s and was stopped")]
    one.close()


def test_a_service_never_fails_and_never_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    limits = []
    monkeypatch.setattr(resource, "setrlimit", lambda which, both: limits.append((which, both[0])))
    equal = service(None)
    assert limits == [(resource.RLIMIT_AS, MEMORY)]
    assert json.loads(equal(json.dumps(["2, 1", "1,2"]).encode())) is True
    for request in (["\\frac{", "x"], ["\ud800", "\x00"], ["x"]):
        assert equal(json.dumps(request).encode()) == b"false"


def test_from_now_on() -> None:
    before = latex.compare_by(latex.verify)
    try:
        compare_in_worker()
        assert latex.compare_by(latex.verify) == algebra().equal
    finally:
        latex.compare_by(before)


@pytest.mark.slow
def test_every_hostile_answer_with_and_without_refusals(guarded: Algebra) -> None:
    """R8 in its long form: every answer beside every gold one, and every answer straight to computer algebra."""
    answers = hostile_answers()
    print(f"\n{len(answers)} answers, refusals first: at worst {worst(answers, GOLDS, answers_equal):.2f} s")
    bare = worst(answers, GOLDS[:1], guarded.equal)
    print(f"straight to computer algebra: at worst {bare:.2f} s, {len(guarded.given_up())} given up after {LIMIT} s")
    assert bare < LIMIT + SLACK
    assert guarded.equal("2, 1", "1,2")


@pytest.mark.slow
def test_good_answers_keep_their_speed(ours: Algebra, shared: Path) -> None:
    """At least 80 % of the comparisons per second that this process makes by itself, on real gold answers."""
    rows = [json.loads(line) for path in (shared / "math500").glob("*.jsonl") for line in path.open(encoding="utf-8")]
    golds = list(dict.fromkeys(row["answer"] for row in rows if "\\" in row["answer"]))
    pairs = [(f"{gold} ", other) for gold, other in zip(golds, [*golds[1:], golds[0]], strict=True)]
    pairs = [pair for pair in pairs if not any(map(latex.refused, pair))][:100]
    assert len(pairs) == 100

    def rate(compare: latex.Compare) -> float:
        start = time.perf_counter()
        for pair in pairs:
            latex.latex_equal.cache_clear()
            compare(*pair)
        return len(pairs) / (time.perf_counter() - start)

    def here(given: str, gold: str) -> bool:
        try:
            return latex.verify(given, gold)
        except Exception:
            return False

    rate(here), rate(ours.equal)
    rates = [(rate(here), rate(ours.equal)) for _ in range(5)]
    alone, guarded = (median(column) for column in zip(*rates, strict=True))
    print(f"\n{alone:.0f} comparisons a second in this process, {guarded:.0f} in the worker")
    assert guarded >= 0.8 * alone
    assert ours.given_up() == []
