"""Formulas compared in a worker: hostile ones cost their limit at most, good ones hardly more than without it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import LifoQueue
from statistics import median

import pytest

from processes import below
from rewards.hostile import hostile_answers
from rewards.steps import step
from whet.rewards import latex
from whet.types import ComparisonTimeout, Group, Reward
from whet.workers import math_compare
from whet.workers.math_compare import (
    MEMORY,
    MOST_LATE,
    Algebra,
    AnswerComparer,
    NoVerdictError,
    service,
    timeout_lines,
)
from whet.workers.worker import Outcome

LIMIT = 0.5
SLACK = 0.5
"""Seconds past its limit that an answer may take: the requirement."""

NOISE = 1.0
"""What is allowed on top where the machine is busy with other tests."""

GOLDS = ["\\sqrt{2}+1", "x^2+1", "(1, -2)", "\\frac{\\pi}{3}"]

GOOD = [
    ("\\frac{1}{\\sqrt{3}}", "\\frac{\\sqrt{3}}{3}", True),
    ("3\\sqrt{13}", "\\sqrt{117}", True),
    ("(x+1)^2", "x^2 + 2x + 1", True),
    ("9a/20 + 11/20", "\\frac{11+9a}{20}", True),
    ("2y = 2x^2 + 2", "y = x^2 + 1", True),
    ("(2,1)", "(1,2)", False),
    ("\\sqrt{2}", "\\sqrt{3}", False),
]


@pytest.fixture(scope="module")
def ours() -> Iterator[Algebra]:
    one = Algebra(LIMIT)
    one.ask("x", "y")  # starts it
    yield one
    one.close()


@pytest.fixture(scope="module")
def patient() -> Iterator[Algebra]:
    one = Algebra(20.0)
    yield one
    one.close()


@pytest.mark.parametrize(("given", "gold", "equal"), GOOD)
def test_verdicts_are_those_of_this_process(patient: Algebra, given: str, gold: str, equal: bool) -> None:
    assert patient.equal(given, gold) is latex.verify(given, gold) is equal


def never_equal(algebra: Algebra, timeouts: list[str]) -> Callable[[str, str], bool]:
    """Straight to computer algebra, with no refusal before it."""

    def compare(given: str, gold: str) -> bool:
        try:
            return algebra.ask(given, gold)
        except NoVerdictError:
            timeouts.append(given)
            return False

    return compare


def guarded_by(algebra: Algebra) -> Callable[[str, str], bool]:
    """Refusals first, and every answer compared: time-outs are taken at once, so that no limit on them is reached."""
    equal = AnswerComparer(algebra)

    def compare(given: str, gold: str) -> bool:
        found = equal(given, gold)
        equal.take_timeouts()
        return found

    return compare


def worst(answers: list[str], golds: list[str], compare: Callable[[str, str], bool]) -> float:
    """The seconds that the slowest comparison took. None may be found equal."""
    seconds = []
    for gold in golds:
        for answer in answers:
            start = time.perf_counter()
            assert not compare(answer, gold), answer[:80]
            seconds.append(time.perf_counter() - start)
    return max(seconds)


def test_hundreds_of_hostile_answers(ours: Algebra) -> None:
    """R8 in its quick form, the way grading goes: refusals first, then the worker."""
    answers = hostile_answers()
    assert len(answers) >= 300
    assert worst(answers, GOLDS[:2], guarded_by(ours)) < LIMIT + SLACK + NOISE
    assert ours.equal("1 + x", "x + 1"), "a good answer afterwards"


def test_what_gets_past_every_refusal_is_given_up_in_time(ours: Algebra) -> None:
    """The same with no refusal at all: straight to computer algebra."""
    timeouts: list[str] = []
    endless = ["9^{9^{9^{9}}}", "(x+y+z+w+v)^{100}", "1+" * 500_000 + "1", "(9!)!"]
    assert worst(endless, ["x^2+1"], never_equal(ours, timeouts)) < LIMIT + SLACK + NOISE
    assert timeouts, "at least one of them runs away"
    assert ours.ask("1 + x", "x + 1"), "the worker is there again"


def test_nothing_is_left_behind() -> None:
    before = below()
    one = Algebra(LIMIT)
    with suppress(NoVerdictError):
        one.equal("9^{9^{9^{9}}}", "x")
    assert len(below() - before) >= 1
    one.close()
    assert below() <= before


def test_what_a_comparison_without_a_verdict_did() -> None:
    one = Algebra(limit=0.0)
    with pytest.raises(NoVerdictError, match="took longer than 0 s and was stopped"):
        one.equal("1,2", "1,2")
    one.close()


LATE = "took longer than 5 s and was stopped"


class Moody:
    """A worker that has no answer to the first `late` requests, and finds every pair equal from then on."""

    def __init__(self, late: int = 1) -> None:
        self.late, self.asked = late, list[list[str]]()

    def ask(self, request: bytes, limit: float) -> Outcome:
        self.asked.append(json.loads(request))
        late = Outcome("late", what=f"took longer than {limit:g} s and was stopped")
        return late if len(self.asked) <= self.late else Outcome("answered", b"true")


@pytest.fixture
def moody() -> tuple[Algebra, Moody]:
    worker = Moody()
    return with_workers(worker), worker


def with_workers(*workers: object) -> Algebra:
    algebra = Algebra(processes=len(workers))
    algebra.workers = list(workers)  # type: ignore[assignment]
    algebra._idle = LifoQueue()
    for worker in workers:
        algebra._idle.put(worker)  # type: ignore[arg-type]
    return algebra


def test_a_comparison_that_ran_out_of_time_is_made_anew_once_it_was_told(moody: tuple[Algebra, Moody]) -> None:
    """A time-out on a busy machine is no verdict for the rest of a run, or a resumed run would judge otherwise."""
    equal, late = AnswerComparer(moody[0]), ComparisonTimeout("x^2 + 1", "1 + x^2", LATE)
    assert not equal(" x^2 + 1", "1 + x^2 ")
    assert equal.take_timeouts() == [late]
    assert [equal(" x^2 + 1", "1 + x^2 ") for _ in range(2)] == [True, True]
    assert equal.take_timeouts() == [], "told once"
    assert len(moody[1].asked) == 2, "a verdict is asked for once"


def test_equal_late_answers_of_a_step_cost_one_comparison(moody: tuple[Algebra, Moody]) -> None:
    """A group may repeat one bad answer: each of them counts as not equal and is listed."""
    equal, late = AnswerComparer(moody[0]), ComparisonTimeout("x^2 + 1", "1 + x^2", LATE)
    assert not any(equal("x^2 + 1", "1 + x^2") for _ in range(128))
    assert len(moody[1].asked) == 1
    assert equal("x^2 + 2", "2 + x^2"), "other answers are compared meanwhile"
    assert equal.take_timeouts() == [late] * 128
    assert equal("x^2 + 1", "1 + x^2")


def test_after_many_late_answers_none_is_compared_until_they_are_told(moody: tuple[Algebra, Moody]) -> None:
    """So a step ends, come what may; what needs no algebra is still compared."""
    equal, worker = AnswerComparer(moody[0]), moody[1]
    worker.late = MOST_LATE
    pairs = [(f"x^2 + {number}", f"{number} + x^2") for number in range(2, MOST_LATE + 5)]
    assert not any(equal(*pair) for pair in pairs)
    assert len(worker.asked) == MOST_LATE == 10
    assert equal("1,080", "1080")
    timeouts = equal.take_timeouts()
    assert [(one.given, one.gold) for one in timeouts] == pairs
    capped = "was not compared: 10 comparisons had run out of time"
    assert [one.what for one in timeouts] == [LATE] * 10 + [capped] * 3
    assert all(equal(*pair) for pair in pairs)
    assert equal.take_timeouts() == []


class Slow:
    """A worker that takes as long as its limit, on a clock of the test, for some pairs, and no time for all others."""

    def __init__(self, clock: list[float], slow: set[str]) -> None:
        self.clock, self.slow, self.asked = clock, slow, list[list[str]]()

    def ask(self, request: bytes, limit: float) -> Outcome:
        given, gold = json.loads(request)
        self.asked.append([given, gold])
        if given in self.slow:
            self.clock[0] += limit
            return Outcome("late", what=f"took longer than {limit:g} s and was stopped")
        return Outcome("answered", b"true")


PAIRS = [(f"x^2 + {number}", f"{number} + x^2") for number in range(2, 32)]


def same(compare: Callable[[str, str], bool]) -> Callable[..., list[float]]:
    """A reward that pays equal answers."""

    def reward(*, completions: list[str], answer: list[str], **_: object) -> list[float]:
        return [float(compare(*pair)) for pair in zip(completions, answer, strict=True)]

    return reward


def test_a_step_s_comparisons_are_made_together() -> None:
    """By all workers, each pair once, and the rewards are those of one after another."""
    workers = Slow([0.0], set()), Slow([0.0], set())
    equal = AnswerComparer(with_workers(*workers))
    grade = equal.batched(same)
    given, golds = [one for one, _ in PAIRS], [gold for _, gold in PAIRS]
    assert grade(completions=given * 2, answer=golds * 2) == [1.0] * 60
    assert sorted(workers[0].asked + workers[1].asked) == sorted(map(list, PAIRS))
    assert equal.take_timeouts() == []


def test_what_was_compared_ahead_is_not_asked_again() -> None:
    """Verdicts are found by whoever grades later; one that ran out of time is asked for again, and only then told."""
    worker = Slow([0.0], {PAIRS[2][0]})
    equal = AnswerComparer(with_workers(worker))
    grade = equal.batched(same)
    given, golds = [one for one, _ in PAIRS[:4]], [gold for _, gold in PAIRS[:4]]
    for pair in zip(given[:3], golds[:3], strict=True):
        grade.ahead(completions=[pair[0]], answer=[pair[1]])
    grade.ahead(completions=["7"], answer=["8"])
    assert worker.asked == list(map(list, PAIRS[:3]))
    assert equal.take_timeouts() == []
    assert grade(completions=given, answer=golds) == [1.0, 1.0, 0.0, 1.0]
    assert worker.asked[3:] == [list(PAIRS[2]), list(PAIRS[3])]
    assert len(equal.take_timeouts()) == 1


def test_a_step_without_formulas_asks_no_worker() -> None:
    worker = Slow([0.0], set())
    grade = AnswerComparer(with_workers(worker)).batched(same)
    assert grade(completions=["1,080", "7", "east"], answer=["1080", "8", "East"]) == [1.0, 0.0, 1.0]
    assert worker.asked == []


def test_a_step_has_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three comparisons of 5 s, and one that is cut after 2: the rest is not begun, counted, and never paid."""
    clock = [0.0]
    monkeypatch.setattr("whet.workers.math_compare.monotonic", lambda: clock[0])
    worker = Slow(clock, {one for one, _ in PAIRS[4:]})
    equal = AnswerComparer(with_workers(worker), budget=17.0)
    grade = equal.batched(same)
    given, golds = [one for one, _ in PAIRS], [gold for _, gold in PAIRS]
    assert grade(completions=given, answer=golds) == [1.0] * 4 + [0.0] * 26
    assert worker.asked == list(map(list, PAIRS[:8]))
    assert grade(completions=given, answer=golds) == [1.0] * 4 + [0.0] * 26, "another reward of the same step"
    assert len(worker.asked) == 8
    over = "was not compared: 17 s of comparing were over"
    timeouts = equal.take_timeouts()
    assert [(one.given, one.gold) for one in timeouts] == PAIRS[4:] * 2
    assert [one.what for one in timeouts[:26]] == [LATE] * 3 + [over] * 23
    worker.slow.clear()
    assert grade(completions=given, answer=golds) == [1.0] * 30, "the next step has a budget of its own"


def test_one_after_another_costs_the_same_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("whet.workers.math_compare.monotonic", lambda: clock[0])
    equal = AnswerComparer(with_workers(Slow(clock, {one for one, _ in PAIRS})), budget=12.0)
    assert not any(equal(*pair) for pair in PAIRS)
    assert clock == [12.0]


def test_real_workers_agree_with_this_process() -> None:
    """Twenty pairs on two processes, of which every second is equal."""
    algebra = Algebra(20.0, processes=2)
    golds = [f"{number} + x^2" for number in range(2, 22)]
    given = [f"x^2 + {number + number % 2}" for number in range(2, 22)]
    assert AnswerComparer(algebra).batched(same)(completions=given, answer=golds) == [1.0, 0.0] * 10
    assert all(worker.supervisor for worker in algebra.workers)
    algebra.close()


class Watched(dict[tuple[str, str], bool]):
    """Verdicts that hold up whoever looks for the oldest one, until another thread does so too, or for a moment."""

    def __init__(self) -> None:
        super().__init__()
        self.both = threading.Barrier(2, timeout=0.2)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        oldest = list(super().__iter__())
        with suppress(threading.BrokenBarrierError):
            self.both.wait()
        return iter(oldest)


def test_two_threads_never_forget_the_same_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(math_compare, "KEPT", 2)
    algebra = with_workers(Slow([0.0], set()), Slow([0.0], set()))
    algebra._verdicts = Watched()
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda pair: algebra.equal(*pair), PAIRS[:6])) == [True] * 6
    assert len(algebra._verdicts) == 2


def test_a_verdict_that_is_forgotten_at_once_is_given_all_the_same() -> None:
    """As where other threads find many at the same time."""

    class Forgetful(dict[tuple[str, str], bool]):
        def __setitem__(self, *_: object) -> None:
            pass

    algebra = with_workers(Slow([0.0], set()))
    algebra._verdicts = Forgetful()
    assert algebra.equal(*PAIRS[0])


def test_each_comparer_reports_its_own_time_outs(moody: tuple[Algebra, Moody]) -> None:
    first, second = (AnswerComparer(moody[0]) for _ in range(2))
    assert not first("x^2 + 1", "1 + x^2")
    assert second("x^2 + 1", "1 + x^2")
    assert not first("x^2 + 1", "1 + x^2"), "late for the first until it is told"
    assert [len(one.take_timeouts()) for one in (first, second)] == [2, 0]


def test_what_needs_no_algebra_needs_no_worker() -> None:
    one = Algebra()
    equal = AnswerComparer(algebra=one)
    assert equal("1,080", "1080")
    assert not equal("7", "1080")
    assert all(worker.supervisor is None for worker in one.workers)


def groups() -> list[Group]:
    prompts, outputs = step(a=["so x^9", "7"], b=["x^9", "so x^9"])
    return [
        Group(prompt, tuple(row), tuple(Reward(0.0, {}, {}) for _ in row))
        for prompt, row in zip(prompts, outputs, strict=True)
    ]


def test_nothing_is_said_of_nothing() -> None:
    assert timeout_lines([], groups()) == []


@pytest.mark.parametrize("gold", ["82", "another"])
def test_the_first_is_shown_with_its_sample(gold: str) -> None:
    timeouts = [ComparisonTimeout("x^9", gold, LATE), ComparisonTimeout("y", "82", LATE)]
    said = "comparing an answer was given up 2 times, first on sample 0 of problem a: 'x^9' " + LATE
    assert timeout_lines(timeouts, groups()) == [f"{said} (counts as not equal)"]
    assert len(timeouts) == 2, "they stay with whoever has them"


def test_without_a_place() -> None:
    (line,) = timeout_lines([ComparisonTimeout("z\x1b" * 100, "82", LATE)], groups())
    assert line.startswith("comparing an answer was given up once: 'z·z·z·")
    assert len(line) < 200


def test_a_service_never_fails_and_never_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    limits = []
    monkeypatch.setattr(resource, "setrlimit", lambda which, both: limits.append((which, both[0])))
    equal = service(None)
    assert limits == [(resource.RLIMIT_AS, MEMORY)]
    assert json.loads(equal(json.dumps(["1 + x", "x + 1"]).encode())) is True
    for request in (["\\frac{", "x"], ["\ud800", "\x00"]):
        assert equal(json.dumps(request).encode()) == b"false"


@pytest.mark.slow
def test_every_hostile_answer_with_and_without_refusals(ours: Algebra) -> None:
    """R8 in its long form: every answer beside every gold one, and every answer straight to computer algebra."""
    answers = hostile_answers()
    guarded = worst(answers, GOLDS, guarded_by(ours))
    print(f"\n{len(answers)} answers, refusals first: at worst {guarded:.2f} s")
    timeouts: list[str] = []
    bare = worst(answers, GOLDS[:1], never_equal(ours, timeouts))
    print(f"straight to computer algebra: at worst {bare:.2f} s, {len(timeouts)} given up after {LIMIT} s")
    assert bare < LIMIT + SLACK
    assert ours.ask("1 + x", "x + 1")


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
            compare(*pair)
        return len(pairs) / (time.perf_counter() - start)

    rate(latex.verify), rate(ours.ask)
    rates = [(rate(latex.verify), rate(ours.ask)) for _ in range(5)]
    alone, guarded = (median(column) for column in zip(*rates, strict=True))
    print(f"\n{alone:.0f} comparisons a second in this process, {guarded:.0f} in the worker")
    assert guarded >= 0.8 * alone
