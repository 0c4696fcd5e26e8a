"""A probe's figures, counted by hand."""

import random
from dataclasses import replace
from statistics import fmean

import pytest
from scipy.stats import betabinom

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
    assert probe.finished_right == pytest.approx(4 / 10)
    assert probe.truncated == pytest.approx(2 / 12)
    assert probe.rejected == pytest.approx(1 / 12)
    assert probe.signal == pytest.approx(2 / 3)
    assert probe.mixed == pytest.approx(2 / 3)
    assert probe.mean_reward == pytest.approx(4.75 / 12)
    assert not probe.alike
    assert probe.reward_gap == pytest.approx(1.0 - 0.75 / 8)
    assert probe.mean_length == pytest.approx((10 * 10 + 2 * 20) / 12)


def test_rewards_that_do_not_apply_are_left_out() -> None:
    probe = measure_probe([group(None, 0.5)], [[RIGHT, WRONG]], wilson, group_size=2)
    assert (probe.mean_reward, probe.reward_gap, probe.signal) == (0.5, None, 0.0)
    assert not probe.alike, "to one of them no reward applies"
    assert measure_probe([group(0.5, 0.5)], [[RIGHT, WRONG]], wilson, group_size=2).alike
    silent = measure_probe([group(None, None)], [[RIGHT, WRONG]], wilson, group_size=2)
    assert silent.mean_reward is None


def test_no_response_may_end() -> None:
    probe = measure_probe([group(0.0, 0.0, cut=2)], [[CUT, CUT]], wilson, group_size=2)
    assert (probe.truncated, probe.finished_right) == (1.0, None)


GROUP_OF_FOUR = group(0.0, 0.0, 0.0, 0.0)


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


def test_a_probe_without_signal_knows_it_where_it_is_large_enough() -> None:
    """All right or all wrong in every group of 4. For training in groups of 4, 12 problems are the fewest that know.

    Wilson's interval of 0 of n reaches z²/(n + z²), z² = 3.84: to 24.2 % for 12, and to 25.9 % for 11.
    """
    assert counted([0] * 12, samples=4).signal_at_most == pytest.approx(3.8415 / 15.8415, abs=1e-4)
    assert counted([0] * 12, samples=4).silent
    assert not counted([0] * 11, samples=4).silent
    assert not counted([0] * 99 + [1], samples=4).silent


def test_larger_groups_than_the_probes_ask_for_more_of_it() -> None:
    """16 samples in groups of 4 stand for half as many groups of 8, which differ more often."""
    verdicts = [[WRONG] * 4] * 23
    groups = [group(*[0.0] * 4)] * 23
    assert not measure_probe(groups, verdicts, wilson, group_size=8).silent
    assert measure_probe([*groups, groups[0]], [*verdicts, verdicts[0]], wilson, group_size=8).silent


@pytest.mark.parametrize(
    ("right", "unsure"),
    [
        ([0] * 8, True),  # no signal, and too few problems to know
        ([0] * 16, False),  # no signal, known
        ([2] * 3, False),  # every group differs
        ([2] + [0] * 9, True),  # 10 % of groups, somewhere between 2 and 40 %
        ([2] * 3 + [0] * 97, False),  # 3 %, at most 9 %
        ([2] * 60 + [0] * 40, False),
    ],
)
def test_more_is_sampled_where_it_could_decide_otherwise(right: list[int], unsure: bool) -> None:
    assert counted(right, samples=4).unsure is unsure


@pytest.mark.parametrize(("a", "b"), [(0.3, 0.6), (0.1, 2.0), (5.0, 1.0)])
def test_the_interval_of_mixed_groups_covers_what_it_says(a: float, b: float) -> None:
    """Groups of 8 foretold from 4 samples of 32 problems, against the distribution that they are drawn from."""
    draw, hits = random.Random(7), []
    truth = 1 - betabinom.pmf(0, 8, a, b) - betabinom.pmf(8, 8, a, b)
    for _ in range(300):
        right = [sum(draw.random() < p for _ in range(4)) for p in (draw.betavariate(a, b) for _ in range(32))]
        verdicts = [[RIGHT] * count + [WRONG] * (4 - count) for count in right]
        groups = [GROUP_OF_FOUR] * 32
        low, high = measure_probe(groups, verdicts, wilson, group_size=8).mixed_interval
        hits.append(low <= truth <= high)
    assert 0.9 <= fmean(hits) <= 0.99
