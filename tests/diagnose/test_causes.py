"""Each cause is found from what it looks like, beside all others that hold, and each row can be one of them."""

from dataclasses import dataclass, replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import COLD, HEALTHY
from whet.diagnose.causes import CAUSES, READY, TRUNCATED, Cause, gold_is_misread
from whet.diagnose.evidence import Evidence
from whet.diagnose.fixes import FIXES
from whet.diagnose.lengths import LengthReport, measure_lengths
from whet.diagnose.probe import Probe
from whet.diagnose.signal import SCARCE

FITS = measure_lengths([30], [60] * 100, max_tokens=96)
TIGHT = measure_lengths([30], [60] * 100, max_tokens=48)
LONG_TAIL = measure_lengths([30], [60] * 199 + [400], max_tokens=96)
SOME_LONG = measure_lengths([30], [60] * 974 + [120] * 26, max_tokens=96)
"""26 of 1,000 do not fit, as of GSM8K's at 200 tokens."""


PARSER_GOLD, PARSER_REJECTED, PARSER_UNPAID, NONE_APPLIES, FLAT = range(5)
TOO_SHORT, TOO_LATE, NOTHING_ENDS, NO_LAYOUT, SOME_DO_NOT_END = range(5, 10)
TOO_EASY, TOO_HARD, ALWAYS_OR_NEVER, SOME_LAYOUT, FEW_GOLD = range(10, 15)
"""The rows of the table by what they find."""

CAUSE_OF: dict[int, Cause] = {
    **dict.fromkeys((PARSER_GOLD, PARSER_REJECTED, PARSER_UNPAID, FEW_GOLD), "parser"),
    **dict.fromkeys((NONE_APPLIES, FLAT, ALWAYS_OR_NEVER), "no_signal"),
    **dict.fromkeys((TOO_SHORT, TOO_LATE, NOTHING_ENDS, SOME_DO_NOT_END), "truncated"),
    **dict.fromkeys((NO_LAYOUT, SOME_LAYOUT), "wrong_format"),
    TOO_EASY: "too_easy",
    TOO_HARD: "too_hard",
}


@dataclass(frozen=True)
class Case:
    """What was measured, and the rows that hold."""

    name: str
    rows: tuple[int, ...]
    evidence: Evidence


def case(name: str, *rows: int, of: Probe = HEALTHY, **changes: Any) -> Case:
    lengths = changes.pop("lengths", FITS)
    extra = {name: changes.pop(name) for name in ("gold_failed", "gold_checked") if name in changes}
    return Case(name, rows, Evidence(replace(of, **changes), lengths, **extra))


UNSOLVED = {"right": 0, "pass_at_1": 0.0, "lenient": 0.0, "format_rate": 1.0, "finished_right": 0.0, "mixed": 0.0}

PAID: dict[str, Any] = {"signal": 0.0, "alike": True, "mean_reward": 1.0, "truncated": 0.0, "mixed": 0.0}

CASES = [
    case("all are paid alike, few are right", FLAT, NO_LAYOUT, of=COLD, **PAID),
    case("all are right and paid", TOO_EASY, **PAID, pass_at_1=1.0, lenient=1.0),
    case("all earn nothing", NO_LAYOUT, of=COLD, **{**PAID, "mean_reward": 0.0}),
    case("gold answers fail", PARSER_GOLD, gold_failed=3, gold_checked=200),
    case("right answers are called wrong", PARSER_REJECTED, SOME_LAYOUT, rejected=0.4, pass_at_1=0.2, lenient=0.6),
    case("a coin decides the reward", PARSER_UNPAID, reward_gap=-0.02),
    case("the reward wants its opposite", PARSER_UNPAID, reward_gap=-1.0),
    case("no reward applies", NONE_APPLIES, mean_reward=None, reward_gap=None, signal=0.0),
    case("a constant reward", FLAT, signal=0.0, right=5, pass_at_1=5 / 128, lenient=5 / 128, reward_gap=0.0),
    case("half is truncated, so are solutions", TOO_SHORT, lengths=TIGHT, truncated=0.5),
    case("a thinker out of room", TOO_LATE, truncated=0.57, pass_at_1=0.35, lenient=0.4, finished_right=0.81),
    case("a thinker that hardly ends", TOO_LATE, truncated=0.85, pass_at_1=0.1, lenient=0.1, finished_right=0.7),
    case("right before the limit", TOO_LATE, truncated=1.0, finished_right=None),
    case("sums, and on it goes", SOME_DO_NOT_END, truncated=0.85, pass_at_1=0.05, lenient=0.05, finished_right=0.3),
    case("it never stops", NOTHING_ENDS, NO_LAYOUT, of=COLD, truncated=1.0, finished_right=None),
    case("prose instead of tags", NO_LAYOUT, SOME_DO_NOT_END, of=COLD),
    case("format missed, nothing truncated", NO_LAYOUT, of=COLD, truncated=0.0),
    case("right, but in the wrong place", NO_LAYOUT, of=COLD, truncated=0.0, format_rate=0.6, lenient=0.4),
    case("all is solved", TOO_EASY, pass_at_1=0.98, lenient=0.98, mixed=0.1),
    case("hopeless", TOO_HARD, **UNSOLVED),
    case("hopeless, and some of it cut off", SOME_DO_NOT_END, TOO_HARD, **UNSOLVED, truncated=0.3),
    case("cut off, so that nobody can say", SOME_DO_NOT_END, **UNSOLVED, truncated=0.7),
    case("always or never", ALWAYS_OR_NEVER, pass_at_1=0.5, lenient=0.5, mixed=0.1),
    case("layout is missed, but not always", SOME_LAYOUT, pass_at_1=0.2, lenient=0.5),
    case("a few odd gold answers", FEW_GOLD, gold_failed=1, gold_checked=200),
    case("warm-started"),
    case("a coin on too few answers says nothing", right=7, reward_gap=-0.1),
    case("few long solutions", lengths=LONG_TAIL),
    case("tight, but it answers briefly", lengths=TIGHT),
    case("now and then truncated", truncated=0.1, format_rate=0.9),
    # several at once, in the order in which they must be fixed
    case("a few long solutions, and prose", TOO_SHORT, NO_LAYOUT, of=COLD, lengths=SOME_LONG),
    case("no room for the solutions", TOO_SHORT, NO_LAYOUT, of=COLD, lengths=TIGHT, truncated=1.0),
    case("gold fails and prose", PARSER_GOLD, NO_LAYOUT, of=COLD, gold_failed=9, gold_checked=9, truncated=0.0),
    case("flat, hard, odd gold", FLAT, TOO_HARD, FEW_GOLD, signal=0.0, mixed=0.1, pass_at_1=0.1, lenient=0.1,
         gold_failed=1, gold_checked=200),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_cause_is_found_and_no_other(case: Case) -> None:
    found = tuple(place for place, row in enumerate(CAUSES) if row.holds(case.evidence))
    assert found == case.rows


def test_every_row_is_reached_and_every_cause_has_one() -> None:
    assert {row for case in CASES for row in case.rows} == set(range(len(CAUSES)))
    assert {place: row.cause for place, row in enumerate(CAUSES)} == CAUSE_OF
    assert {*CAUSE_OF.values(), "ready"} == set(get_args(Cause))


SHARE = st.floats(0.0, 1.0)


@given(
    mixed=SHARE,
    pass_at_1=SHARE,
    lenient=SHARE,
    format_rate=SHARE,
    truncated=SHARE,
    finished_right=st.none() | SHARE,
    lengths=st.sampled_from([FITS, TIGHT, LONG_TAIL]),
)
def test_where_signal_is_scarce_there_is_always_a_cause(lengths: LengthReport, **figures: Any) -> None:
    """Whatever the other figures are: nothing falls between two rows. Of what does not end one row speaks."""
    evidence = Evidence(replace(HEALTHY, **figures), lengths)
    holding = [row for row in CAUSES if row.holds(evidence)]
    if evidence.probe.mixed < SCARCE:
        assert any(row.obstacle for row in holding)
    assert len([row for row in holding if row.cause == "truncated"]) <= 1
    if evidence.probe.truncated >= TRUNCATED:
        assert any(row.cause == "truncated" for row in holding)


@pytest.mark.parametrize("row", [*CAUSES, READY], ids=lambda row: row.cause)
def test_sentences_use_figures_and_fixes_that_exist(row: Any) -> None:
    words = Evidence(HEALTHY, FITS).figures()
    assert "{" not in row.sentence.format_map(words)
    assert set(row.fixes) <= set(FIXES)


def test_what_solutions_teach() -> None:
    # layout, stopping and solving can be imitated; a reward that misreads, or a limit, cannot
    teachable = {place for place, row in enumerate(CAUSES) if row.teachable}
    assert teachable == {NOTHING_ENDS, NO_LAYOUT, SOME_DO_NOT_END, TOO_HARD, ALWAYS_OR_NEVER}


def test_what_is_no_obstacle() -> None:
    assert [place for place, row in enumerate(CAUSES) if not row.obstacle] == [SOME_LAYOUT, FEW_GOLD]
    assert not READY.obstacle


@pytest.mark.parametrize(("failed", "misread"), [(0, False), (2, False), (3, True)])
def test_one_gold_solution_of_a_hundred_may_fail(failed: int, misread: bool) -> None:
    assert gold_is_misread(failed, 200) is misread
