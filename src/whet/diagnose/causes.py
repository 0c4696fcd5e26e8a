"""The causes of a missing learning signal, in the order in which they must be fixed: condition, sentence and fixes.

A condition says all that must hold for its cause, so that every row that holds is told, whatever else is wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from whet.diagnose.evidence import Evidence
from whet.diagnose.signal import SCARCE

Cause = Literal["ready", "truncated", "wrong_format", "parser", "too_hard", "too_easy", "no_signal"]

GOLD_TOLERATED = 0.01
"""The tolerated share of gold solutions below full marks. Above it, rewards reject right answers, and training would
teach that; below it, the failures are reported after any larger obstacle."""

REJECTED = 0.2
"""The share of completions in the right layout that contain the right answer yet are graded wrong, from which the
parser is at fault: completions that mention the right answer and then choose another are rarer."""

ENOUGH = 8
"""The least right and wrong completions each for a comparison of their mean rewards."""

TRUNCATED = 0.25
"""The share of truncated completions, which lose their reward, that counts as a fault."""

MOSTLY_TRUNCATED = 0.9
"""The share of truncated completions above which too few are complete to measure anything on."""

HALF_END = 0.5
"""The least share of completions that end, from which they show how hard the problems are."""

ENDS_RIGHT = 0.5
"""The share of right ones among completions that end, from which the limit is the obstacle: what ends is right."""

KEEPS_FORMAT = 0.5
"""The least format rate: below half, a right answer is more likely lost to its layout than not."""

FORMAT_GAP = 0.2
"""Lenient minus strict accuracy, from which the layout is the obstacle, not the reasoning."""

EASY, HARD = 0.8, 0.2
"""Bounds of pass@1 where signal is scarce: from EASY most groups are all right, up to HARD most are all wrong, and in
between problems are either always or never solved."""


@dataclass(frozen=True, slots=True)
class Row:
    """A cause: its condition on the evidence, its sentence (`Evidence.figures` fills the braces), and its fixes."""

    cause: Cause
    holds: Callable[[Evidence], bool]
    sentence: str
    fixes: tuple[str, ...]
    """Names of `FIXES`, the surest first."""
    teachable: bool = False
    """Whether a warm start on solutions cures it, where there are some."""
    easier: bool = False
    """Whether an easier reward would help, where one differs within groups."""
    obstacle: bool = True
    """Whether GRPO cannot do well before it is fixed."""


def _scarce(e: Evidence) -> bool:
    return e.probe.mixed < SCARCE


def _cold(e: Evidence) -> bool:
    return _scarce(e) and e.probe.pass_at_1 < EASY


def _misses_format(e: Evidence) -> bool:
    return e.probe.format_rate < KEEPS_FORMAT or e.probe.lenient - e.probe.pass_at_1 >= FORMAT_GAP


def gold_is_misread(failed: int, checked: int) -> bool:
    """Whether more of the gold solutions than `GOLD_TOLERATED` are below full marks, which prevents learning."""
    return failed > GOLD_TOLERATED * checked


def _gold_fails(e: Evidence) -> bool:
    return gold_is_misread(e.gold_failed, e.gold_checked)


def _right_is_unpaid(e: Evidence) -> bool:
    enough = min(e.probe.right, e.probe.responses - e.probe.right) >= ENOUGH
    return enough and e.probe.reward_gap is not None and e.probe.reward_gap <= 0


def _nothing_applies(e: Evidence) -> bool:
    return e.probe.mean_reward is None


def _rewards_are_flat(e: Evidence) -> bool:
    """Whether rewards are equal within groups although answers are not, or all responses earn one reward, which is
    not that of failure, although few are right."""
    paid_alike = e.probe.alike and bool(e.probe.mean_reward) and e.probe.pass_at_1 < EASY
    return e.probe.signal == 0 and (e.probe.mixed > 0 or paid_alike) and not _nothing_applies(e)


def _solutions_do_not_fit(e: Evidence) -> bool:
    return not e.lengths.holds_solutions and (_cold(e) or e.probe.truncated >= TRUNCATED)


def _does_not_end(e: Evidence) -> bool:
    """Few are right, even of those that end: the model writes on, whatever the limit."""
    lost = e.probe.truncated >= TRUNCATED and e.probe.pass_at_1 <= HARD and not _solutions_do_not_fit(e)
    return lost and (e.probe.finished_right is None or e.probe.finished_right < ENDS_RIGHT)


def _ends_too_late(e: Evidence) -> bool:
    return e.probe.truncated >= TRUNCATED and not _does_not_end(e) and not _solutions_do_not_fit(e)


def _nothing_ends(e: Evidence) -> bool:
    return _does_not_end(e) and e.probe.truncated >= MOSTLY_TRUNCATED


def _misses_format_cold(e: Evidence) -> bool:
    return _cold(e) and _misses_format(e)


def _too_easy(e: Evidence) -> bool:
    return _scarce(e) and e.probe.pass_at_1 >= EASY


def _shows_difficulty(e: Evidence) -> bool:
    """Whether wrong answers are neither lost to the layout nor to the limit."""
    return not _misses_format(e) and 1 - e.probe.truncated >= HALF_END


def _too_hard(e: Evidence) -> bool:
    return _scarce(e) and e.probe.pass_at_1 <= HARD and _shows_difficulty(e)


def _always_or_never(e: Evidence) -> bool:
    return _scarce(e) and HARD < e.probe.pass_at_1 < EASY and _shows_difficulty(e)


_STANDING = "{right} of {responses} responses are right ({pass_at_1}, 95 % interval {interval})"
_EXPECTED = "{mixed} of groups of {group_size} would hold both right and wrong answers (95 % interval {mixed_interval})"
_LAYOUT = "{formatted} of responses keep the format, {lenient} are right somewhere, {pass_at_1} in its place"
_GOLD = "{gold_failed} of {gold_checked} gold solutions, rendered in the format, fall short of full marks"
_ENDLESS = (
    "{truncated} of responses are truncated at {max_tokens} tokens{solution_length}, and {of_those_that_end}: the "
    "model writes more than that, or does not know when to stop."
)

CAUSES: tuple[Row, ...] = (
    Row(
        "parser",
        _gold_fails,
        f"{_GOLD}: rewards and data disagree about what is right.",
        ("which_fail",),
    ),
    Row(
        "parser",
        lambda e: e.probe.rejected >= REJECTED,
        "{rejected} of responses keep the format and hold the right answer, yet are called wrong: it is read "
        "from the wrong place or compared too strictly.",
        ("answers",),
    ),
    Row(
        "parser",
        _right_is_unpaid,
        "right responses earn {reward_gap} over wrong ones: the rewards do not favour right answers.",
        ("accuracy", "weight"),
    ),
    Row(
        "no_signal",
        _nothing_applies,
        "no reward applies to any of {responses} responses.",
        ("accuracy", "columns"),
    ),
    Row(
        "no_signal",
        _rewards_are_flat,
        f"rewards are the same within every group, whatever is answered: {_STANDING}, mean reward {{mean_reward}}.",
        ("accuracy", "parameters"),
    ),
    Row(
        "truncated",
        _solutions_do_not_fit,
        "{solutions_truncated} of {solutions_checked} gold solutions are longer than {max_tokens} tokens, the "
        "limit at which {truncated} of responses are truncated.",
        ("room",),
    ),
    Row(
        "truncated",
        _ends_too_late,
        "{truncated} of responses are truncated at {max_tokens} tokens; {of_those_that_end}.",
        ("room",),
    ),
    Row(
        "truncated",
        _nothing_ends,
        _ENDLESS,
        ("warm_start", "room"),
        teachable=True,
    ),
    Row(
        "wrong_format",
        _misses_format_cold,
        f"{_LAYOUT}: a cold start, the model does not know the layout that is rewarded.",
        ("warm_start", "easier_reward", "boxed", "layout_reward"),
        teachable=True,
        easier=True,
    ),
    Row(
        "truncated",
        lambda e: _does_not_end(e) and not _nothing_ends(e),
        _ENDLESS,
        ("warm_start", "room"),
        teachable=True,
    ),
    Row(
        "too_easy",
        _too_easy,
        f"{_STANDING}; {_EXPECTED}: nearly everything is solved already.",
        ("harder_problems",),
    ),
    Row(
        "too_hard",
        _too_hard,
        f"{_STANDING}, {{formatted}} keep the format; {_EXPECTED}: the problems are too hard.",
        ("warm_start", "larger_groups", "easier_problems"),
        teachable=True,
    ),
    Row(
        "no_signal",
        _always_or_never,
        f"{_STANDING}, yet {_EXPECTED}: problems are either always or never solved.",
        ("warm_start", "double_groups", "middling_problems"),
        teachable=True,
    ),
    Row(
        "wrong_format",
        lambda e: _misses_format(e) and not _cold(e),
        f"{_LAYOUT}; {_EXPECTED}, so GRPO can start, but what it gains first will be layout.",
        ("warm_start", "tags_reward"),
        obstacle=False,
    ),
    Row(
        "parser",
        lambda e: e.gold_failed > 0 and not _gold_fails(e),
        f"{_GOLD}.",
        ("leave_out",),
        obstacle=False,
    ),
)

READY = Row(
    "ready",
    lambda e: True,
    f"{_STANDING}, {{formatted}} keep the format; {_EXPECTED}: there is something to learn from.",
    (),
    obstacle=False,
)
"""Told where no cause holds."""
