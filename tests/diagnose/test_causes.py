"""Each cause is found from what it looks like, and each row of the table can be the one that is found."""

from dataclasses import dataclass, replace
from typing import Any, get_args

import pytest

from whet.diagnose.causes import CAUSES, Cause
from whet.diagnose.evidence import Evidence
from whet.diagnose.lengths import measure_lengths
from whet.diagnose.probe import Probe

HEALTHY = Probe(
    problems=32,
    samples=4,
    group_size=8,
    right=85,
    pass_at_1=0.66,
    pass_at_1_interval=(0.56, 0.75),
    pass_at_k=0.9,
    lenient=0.67,
    format_rate=1.0,
    finished_format_rate=1.0,
    truncated=0.0,
    rejected=0.0,
    signal=0.7,
    mixed=0.85,
    mean_reward=0.66,
    reward_gap=1.0,
    mean_length=40.0,
)
"""After a good warm start: two of three right, all in the format."""

COLD = replace(
    HEALTHY,
    right=1,
    pass_at_1=1 / 128,
    pass_at_k=1 / 32,
    lenient=0.06,
    format_rate=0.0,
    finished_format_rate=0.0,
    truncated=0.44,
    signal=1 / 32,
    mixed=0.06,
    mean_reward=0.008,
)
"""A small model that was never shown the layout: prose, nearly half of it without an end."""

FITS = measure_lengths([30], [60] * 100, max_tokens=96)
TIGHT = measure_lengths([30], [60] * 100, max_tokens=48)
LONG_TAIL = measure_lengths([30], [60] * 199 + [400], max_tokens=96)


@dataclass(frozen=True)
class Case:
    """What was measured, and the index and cause of the row that should be found."""

    name: str
    row: int
    cause: Cause
    evidence: Evidence


def case(name: str, row: int, cause: Cause, probe: Probe, **changes: Any) -> Case:
    lengths = changes.pop("lengths", FITS)
    extra = {name: changes.pop(name) for name in ("gold_failed", "gold_checked") if name in changes}
    return Case(name, row, cause, Evidence(replace(probe, **changes), lengths, **extra))


CASES = [
    case("gold answers fail", 0, "parser", HEALTHY, gold_failed=3, gold_checked=200),
    case("gold answers fail and nothing is right", 0, "parser", COLD, gold_failed=200, gold_checked=200),
    case("right answers are called wrong", 1, "parser", HEALTHY, rejected=0.4, pass_at_1=0.2, lenient=0.6),
    case("a coin decides the reward", 2, "parser", HEALTHY, reward_gap=-0.02),
    case("the reward wants its opposite", 2, "parser", HEALTHY, reward_gap=-1.0),
    case("no reward applies", 3, "no_signal", HEALTHY, mean_reward=None, reward_gap=None, signal=0.0),
    case("a constant reward", 4, "no_signal", HEALTHY, signal=0.0, right=5, pass_at_1=5 / 128, reward_gap=0.0),
    case("no room for the solutions", 5, "truncated", COLD, lengths=TIGHT),
    case("half is truncated, so are solutions", 5, "truncated", HEALTHY, lengths=TIGHT, truncated=0.5),
    case("a thinker out of room", 6, "truncated", HEALTHY, truncated=0.57, format_rate=0.43, pass_at_1=0.35),
    case("it never stops", 7, "truncated", COLD, truncated=1.0, finished_format_rate=None),
    case("prose instead of tags", 8, "wrong_format", COLD),
    case("format missed, nothing truncated", 8, "wrong_format", COLD, truncated=0.0),
    case("right, but in the wrong place", 8, "wrong_format", COLD, format_rate=0.6, lenient=0.4),
    case("all is solved", 9, "too_easy", HEALTHY, pass_at_1=0.98, lenient=0.98, mixed=0.1),
    case("hopeless", 10, "too_hard", COLD, format_rate=1.0, lenient=1 / 128, truncated=0.0),
    case("always or never", 11, "no_signal", HEALTHY, pass_at_1=0.5, lenient=0.5, mixed=0.1),
    case("layout is missed, but not always", 12, "wrong_format", HEALTHY, pass_at_1=0.2, lenient=0.5),
    case("a few odd gold answers", 13, "parser", HEALTHY, gold_failed=1, gold_checked=200),
    case("warm-started", 14, "ready", HEALTHY),
    case("a coin on too few answers says nothing", 14, "ready", HEALTHY, right=7, reward_gap=-0.1),
    case("few long solutions", 14, "ready", HEALTHY, lengths=LONG_TAIL),
    case("tight, but it answers briefly", 14, "ready", HEALTHY, lengths=TIGHT),
    case("now and then truncated", 14, "ready", HEALTHY, truncated=0.1, format_rate=0.9),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_cause_is_found(case: Case) -> None:
    found = next(index for index, row in enumerate(CAUSES) if row.holds(case.evidence))
    assert (CAUSES[found].cause, found) == (case.cause, case.row)


def test_every_row_is_reached_and_every_cause_has_one() -> None:
    assert {case.row for case in CASES} == set(range(len(CAUSES)))
    assert {row.cause for row in CAUSES} == set(get_args(Cause))


@pytest.mark.parametrize("row", CAUSES, ids=lambda row: row.cause)
def test_sentences_use_figures_that_exist(row: Any) -> None:
    words = Evidence(HEALTHY, FITS).figures()
    assert "{" not in row.sentence.format_map(words)
    assert "{" not in row.fix.format_map(words)


def test_what_solutions_teach() -> None:
    # layout, stopping and solving can be imitated; a reward that misreads, or a limit, cannot
    assert [index for index, row in enumerate(CAUSES) if row.teachable] == [7, 8, 10, 11]


def test_what_an_easier_reward_fixes() -> None:
    # only where the layout alone keeps every response from its reward
    assert [index for index, row in enumerate(CAUSES) if row.easier] == [8]
