"""The simulation of a step on many GPUs, against sums by hand."""

import pytest

from benchmarks.scaling import COUNTS, DGX, SHAPES, Links, Work, fits, simulated, table
from whet.compute.limit import Lengths, Limit, Machine, Shape

MACHINE = Machine(flops=1e12, bandwidth=1e11)
SHAPE = Shape(900_000, 100_000, 2, 4, 2, 8, 2)


def test_a_ring_by_hand() -> None:
    links = Links(size=4, inside=100.0, between=10.0)
    assert links.seconds(1000, 1) == 0
    assert links.seconds(1000, 4) == pytest.approx(2 * 3 / 4 * 10)
    assert links.seconds(1000, 8) == pytest.approx(2 * 7 / 8 * 100)  # as slow as the network


def test_one_process_is_the_limit_model() -> None:
    groups = [Lengths(10, (5, 20)), Lengths(10, (7, 7))]
    limit, step = Limit(SHAPE, MACHINE), simulated(SHAPE, MACHINE, DGX, groups, 1)
    assert step.rollout == limit.prefill(groups) + limit.decode(groups)
    assert step.learn == limit.learn(groups)
    assert (step.summed, step.optimizer) == (0.0, limit.optimizer())


def test_the_slowest_process_counts() -> None:
    """Process 0 has the long group in both phases."""
    groups = [Lengths(10, (500,)), Lengths(10, (5,))]
    limit, step = Limit(SHAPE, MACHINE), simulated(SHAPE, MACHINE, DGX, groups, 2)
    assert step.rollout == limit.prefill(groups[:1]) + limit.decode(groups[:1])
    assert step.learn == limit.learn(groups[:1])
    assert step.summed == pytest.approx(2 * 1 / 2 * 4 * 1_000_000 / 450e9)


def test_groups_without_a_signal_are_sampled_alone() -> None:
    groups = [Lengths(10, (500,)), Lengths(10, (5,))]
    limit, step = Limit(SHAPE, MACHINE), simulated(SHAPE, MACHINE, DGX, groups, 1, teaching=groups[1:])
    assert step.rollout == limit.prefill(groups) + limit.decode(groups)
    assert step.learn == limit.learn(groups[1:])


def test_more_processes_than_groups_are_no_faster() -> None:
    groups = Work(4, 2, 10, 20, 40).groups()
    four, eight = (simulated(SHAPE, MACHINE, DGX, groups, count) for count in (4, 8))
    assert (eight.rollout, eight.learn) == (four.rollout, four.learn)
    assert eight.summed > four.summed


def test_lengths_are_those_of_the_seed_and_cut() -> None:
    work = Work(3, 4, 10, 20, 25)
    assert work.groups(1) == work.groups(1) != work.groups(2)
    assert all(1 <= length <= 25 for group in work.groups() for length in group.responses)


def test_what_fits_by_hand() -> None:
    """3.1 billion weights of 20 bytes are 62 GB, of 64 that may be taken; 7.1 billion are 141."""
    assert [name for name, shape in SHAPES.items() if fits(shape, 80e9)] == ["0.5B", "1.5B", "3B"]


def test_the_document_has_the_rows_that_the_simulation_gives() -> None:
    from house.source import ROOT

    text = (ROOT / "docs" / "scaling.md").read_text("utf-8")
    rows = table()
    assert len(rows) == 3 * len(COUNTS) + 2
    assert [row for row in rows if row not in text] == []
