"""The causes of a missing learning signal, with condition, sentence and fix, most urgent first (`whet check`)."""

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

KEEPS_FORMAT = 0.5
"""The least format rate: below half, a right answer is more likely lost to its layout than not."""

FORMAT_GAP = 0.2
"""Lenient minus strict accuracy, from which the layout is the obstacle, not the reasoning."""

EASY, HARD = 0.8, 0.2
"""Bounds of pass@1 where signal is scarce: from EASY most groups are all right, up to HARD most are all wrong, and in
between problems are either always or never solved."""


@dataclass(frozen=True, slots=True)
class Row:
    """A cause: its condition on the evidence, sentence and fix; names in braces are those of `Evidence.figures`."""

    cause: Cause
    holds: Callable[[Evidence], bool]
    sentence: str
    fix: str
    teachable: bool = False
    """Whether a warm start on solutions would help, where the data has them."""
    easier: bool = False
    """Whether an easier reward would help, where one differs within groups."""


def _scarce(e: Evidence) -> bool:
    return e.probe.mixed < SCARCE


def _cold(e: Evidence) -> bool:
    return _scarce(e) and e.probe.pass_at_1 < EASY


def _misses_format(e: Evidence) -> bool:
    return e.probe.format_rate < KEEPS_FORMAT or e.probe.lenient - e.probe.pass_at_1 >= FORMAT_GAP


def _gold_fails(e: Evidence) -> bool:
    return e.gold_failed > GOLD_TOLERATED * e.gold_checked


def _right_is_unpaid(e: Evidence) -> bool:
    enough = min(e.probe.right, e.probe.responses - e.probe.right) >= ENOUGH
    return enough and e.probe.reward_gap is not None and e.probe.reward_gap <= 0


def _rewards_are_flat(e: Evidence) -> bool:
    return e.probe.signal == 0 and e.probe.mixed > 0


def _solutions_do_not_fit(e: Evidence) -> bool:
    return not e.lengths.holds_solutions and (_cold(e) or e.probe.truncated >= TRUNCATED)


def _ends_too_late(e: Evidence) -> bool:
    finished = e.probe.finished_format_rate
    return e.probe.truncated >= TRUNCATED and finished is not None and finished >= KEEPS_FORMAT


_STANDING = "{right} of {responses} responses are right ({pass_at_1}, 95 % interval {interval})"
_EXPECTED = "{mixed} of groups of {group_size} would hold both right and wrong answers"
_LAYOUT = "{formatted} of responses keep the format, {lenient} are right somewhere, {pass_at_1} in its place"
_GOLD = "{gold_failed} of {gold_checked} gold solutions, rendered in the format, fall short of full marks"

CAUSES: tuple[Row, ...] = (
    Row(
        "parser",
        _gold_fails,
        f"{_GOLD}: rewards and data disagree about what is right.",
        "see which, then correct --format.name, --data.train.columns or the rewards",
    ),
    Row(
        "parser",
        lambda e: e.probe.rejected >= REJECTED,
        "{rejected} of responses keep the format and hold the right answer, yet are called wrong: it is read "
        "from the wrong place or compared too strictly.",
        "correct --format.name, or the answers in the data",
    ),
    Row(
        "parser",
        _right_is_unpaid,
        "right responses earn {reward_gap} over wrong ones: the rewards do not favour right answers.",
        "put `accuracy` among the rewards, or raise its weight",
    ),
    Row(
        "no_signal",
        lambda e: e.probe.mean_reward is None,
        "no reward applies to any of {responses} responses.",
        "put `accuracy` among the rewards, or give those there are the columns they look for",
    ),
    Row(
        "no_signal",
        _rewards_are_flat,
        f"rewards are the same within every group, although answers are not: {_STANDING}.",
        "put `accuracy` among the rewards, or correct the parameters of those there are",
    ),
    Row(
        "truncated",
        _solutions_do_not_fit,
        "{solutions_truncated} of {solutions_checked} gold solutions are longer than {max_tokens} tokens, the "
        "limit at which {truncated} of responses are truncated.",
        "--grpo.sampling.max_tokens {room}",
    ),
    Row(
        "truncated",
        _ends_too_late,
        "{truncated} of responses are truncated at {max_tokens} tokens; of those that end, {finished_formatted} "
        "keep the format.",
        "--grpo.sampling.max_tokens {room}",
    ),
    Row(
        "truncated",
        lambda e: e.probe.truncated >= MOSTLY_TRUNCATED and _cold(e) and _misses_format(e),
        "{truncated} of responses are truncated at {max_tokens} tokens: the model writes more than that, or does "
        "not know when to stop.",
        "{warm_start}--grpo.sampling.max_tokens {room}",
        teachable=True,
    ),
    Row(
        "wrong_format",
        lambda e: _cold(e) and _misses_format(e),
        f"{_LAYOUT}: a cold start, the model does not know the layout that is rewarded.",
        "{warm_start}{easier}--format.name boxed, or an easier reward such as `format_partial` beside `accuracy`",
        teachable=True,
        easier=True,
    ),
    Row(
        "too_easy",
        lambda e: _scarce(e) and e.probe.pass_at_1 >= EASY,
        f"{_STANDING}; {_EXPECTED}: nearly everything is solved already.",
        "harder problems (for arithmetic --data.train.params.level 3)",
    ),
    Row(
        "too_hard",
        lambda e: _scarce(e) and e.probe.pass_at_1 <= HARD,
        f"{_STANDING}, {{formatted}} keep the format; {_EXPECTED}: the problems are too hard.",
        "{warm_start}{larger_groups}easier problems (for arithmetic --data.train.params.level 1)",
        teachable=True,
    ),
    Row(
        "no_signal",
        _scarce,
        f"{_STANDING}, yet {_EXPECTED}: problems are either always or never solved.",
        "{warm_start}{double_groups}problems of middling difficulty",
        teachable=True,
    ),
    Row(
        "wrong_format",
        _misses_format,
        f"{_LAYOUT}; {_EXPECTED}, so GRPO can start, but what it gains first will be layout.",
        "{warm_start}a reward for the layout such as `format_tags`; judge by lenient accuracy as well",
    ),
    Row(
        "parser",
        lambda e: e.gold_failed > 0,
        f"{_GOLD}; apart from these there is something to learn from ({_EXPECTED}).",
        "leave them out of the data, or correct their answers",
    ),
    Row(
        "ready",
        lambda e: True,
        f"{_STANDING}, {{formatted}} keep the format; {_EXPECTED}: there is something to learn from.",
        "nothing to fix",
    ),
)
