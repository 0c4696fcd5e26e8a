"""A probe's figures, counted by hand."""

import random
from dataclasses import replace
from statistics import fmean

import pytest

from whet.diagnose.probe import Probe, measure_probe
from whet.eval.statistics import wilson
from whet.types import Finish, Group, Problem, Prompt, Reward, Rollout, Verdict

RIGHT = Verdict(correct=True, lenient=True, answer="4", formatted=True)
BARE = Verdict(correct=False, lenient=True, answer="4", formatted=False)
MISREAD = Verdict(correct=False, lenient=True, answer="four", formatted=True)
WRONG = Verdict(correct=False, lenient=False, answer="5", formatted=True)
CUT = Verdict(correct=False, lenient=False, answer=None, formatted=False)

PROMPT = Prompt(Problem("p", "2 + 2?", "4"), (), ())


def rollout(length: int, finish: Finish = "stop") -> Rollout:
    return Rollout((1,) * length, (-0.5,) * length, "", finish)


def group(*rewards: float | None, cut: int = 0) -> Group:
    """Responses of 10 tokens each; the last `cut` of them of 20 and truncated."""
    ended = len(rewards) - cut
    rollouts = [rollout(10)] * ended + [rollout(20, "length")] * cut
    return Group(PROMPT, tuple(rollouts), tuple(Reward(total) for total in rewards))


GROUPS = [group(1.0, 0.0, 0.5, 0.0), group(0.0, 0.0, 0.0, 0.0, cut=2), group(1.0, 1.0, 1.0, 0.25)]
VERDICTS = [[RIGHT, BARE, MISREAD, WRONG], [WRONG, WRONG, CUT, CUT], [RIGHT, RIGHT, RIGHT, BARE]]


def test_the_figures_of_a_probe() -> None:
    probe = measure_probe(GROUPS, VERDICTS, wilson, group_size=4)
    assert (probe.problems, probe.samples, probe.responses, probe.right) == (3, 4, 12, 4)
    assert probe.pass_at_1 == pytest.approx(4 / 12)
    assert probe.pass_at_k == pytest.approx(2 / 3)
    assert probe.lenient == pytest.approx(7 / 12)
    assert probe.format_rate == pytest.approx(8 / 12)
    assert probe.finished_format_rate == pytest.approx(8 / 10)
    assert probe.truncated == pytest.approx(2 / 12)
    assert probe.rejected == pytest.approx(1 / 12)
    assert probe.signal == pytest.approx(2 / 3)
    assert probe.mixed == pytest.approx(2 / 3)
    assert probe.mean_reward == pytest.approx(4.75 / 12)
    assert probe.reward_gap == pytest.approx(1.0 - 0.75 / 8)
    assert probe.mean_length == pytest.approx((10 * 10 + 2 * 20) / 12)


def test_rewards_that_do_not_apply_are_left_out() -> None:
    probe = measure_probe([group(None, 0.5)], [[RIGHT, WRONG]], wilson, group_size=2)
    assert (probe.mean_reward, probe.reward_gap, probe.signal) == (0.5, None, 0.0)
    silent = measure_probe([group(None, None)], [[RIGHT, WRONG]], wilson, group_size=2)
    assert silent.mean_reward is None


def test_no_response_may_end() -> None:
    probe = measure_probe([group(0.0, 0.0, cut=2)], [[CUT, CUT]], wilson, group_size=2)
    assert (probe.truncated, probe.finished_format_rate) == (1.0, None)


def counted(right: list[int], samples: int) -> Probe:
    verdicts = [[RIGHT] * count + [WRONG] * (samples - count) for count in right]
    groups = [group(*[float(verdict.correct) for verdict in row]) for row in verdicts]
    return measure_probe(groups, verdicts, wilson, group_size=samples)


def test_pure_groups_count_as_one_response_each() -> None:
    # rates of 0 or 1: Var[p̂] = (1/4 · 10/9) / 10, so n_eff = 9, raised to the 10 problems
    assert counted([4] * 5 + [0] * 5, samples=4).pass_at_1_interval == pytest.approx(wilson(5, 10))


def test_responses_count_as_far_as_problems_differ() -> None:
    # the counts have variance 12/9 where Binomial(4, 1/2) has 1: 40 responses tell as much as 40 · 9/12
    assert counted([2, 2, 2, 1, 3, 1, 3, 2, 0, 4], 4).pass_at_1_interval == pytest.approx(wilson(15, 30))
    assert counted([2] * 10, samples=4).pass_at_1_interval == pytest.approx(wilson(20, 40))


@pytest.mark.parametrize("count", [0, 4])
def test_without_any_spread_problems_are_counted(count: int) -> None:
    interval = counted([count] * 10, samples=4).pass_at_1_interval
    assert interval == pytest.approx(wilson(count * 10 / 4, 10))


def test_the_interval_covers_what_it_says() -> None:
    draw = random.Random(5)
    hits = []
    for _ in range(400):
        skills = [draw.betavariate(0.5, 1.0) for _ in range(32)]
        low, high = counted([sum(draw.random() < p for _ in range(4)) for p in skills], 4).pass_at_1_interval
        hits.append(low <= 1 / 3 <= high)
    assert 0.92 <= fmean(hits) <= 0.99


@pytest.mark.parametrize(
    ("groups", "verdicts"),
    [
        ([], []),
        ([group()], [[]]),
        ([group(1.0), group(1.0, 0.0)], [[RIGHT], [RIGHT, WRONG]]),
        ([group(1.0)], [[RIGHT, WRONG]]),
        ([group(1.0)], []),
    ],
)
def test_ragged_probes_are_refused(groups: list[Group], verdicts: list[list[Verdict]]) -> None:
    with pytest.raises(ValueError):
        measure_probe(groups, verdicts, wilson, group_size=4)


def test_what_an_easier_reward_would_tell_apart() -> None:
    """Right somewhere: 3, 0 and 4 of 4; a mark: 1, 2 and 0 of 4. At G = 4 a group differs unless all or none are."""
    marks = [[True, False, False, False], [True, True, False, False], [False] * 4]
    marked = [
        [replace(verdict, marked=mark) for verdict, mark in zip(row, some, strict=True)]
        for row, some in zip(VERDICTS, marks, strict=True)
    ]
    probe = measure_probe(GROUPS, marked, wilson, group_size=4)
    assert probe.found == pytest.approx(1 / 3)
    assert probe.marked == pytest.approx(2 / 3)
