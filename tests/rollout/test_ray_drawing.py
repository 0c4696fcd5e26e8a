"""Shares among workers that may end at any time: none is lost, none comes twice; where it cannot go on it says why."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest

from stand_in_ray import StandInCluster
from whet.errors import ProcessLost
from whet.rollout import ray_drawing
from whet.rollout.ray_drawing import Drawing


class Doubling:
    """A worker that doubles numbers, and remembers for whom."""

    done: list[int]

    def sample(self, version: int, state: Any, requests: Sequence[int], params: Any) -> list[int]:
        return [2 * one for one in requests]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_drawing, "PAUSE", 0.0)
    monkeypatch.setattr("stand_in_ray.SamplingWorker", lambda *_, **__: Doubling())


CALLS = [("sample", 1, 0, (place, place + 10), None) for place in range(5)]
RIGHT = [[2 * place, 2 * place + 20] for place in range(5)]


def cluster_of(count: int, ends: Sequence[int] = (), back_after: int = 1) -> StandInCluster:
    cluster = StandInCluster(count, ends, back_after)
    cluster.stored.append(None)  # type: ignore[arg-type]
    return cluster


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("ends", [(), (1,), (2, 3), (1, 2, 3), (5,)])
def test_every_share_is_answered_once_and_in_order(
    count: int, ends: tuple[int, ...], caplog: pytest.LogCaptureFixture
) -> None:
    cluster = cluster_of(count, ends, back_after=2)
    with caplog.at_level(logging.WARNING, "whet"):
        drawing = Drawing(cluster, CALLS, late=60)
        assert drawing.answers() == RIGHT
    assert drawing.lost == len(ends)
    assert cluster.samplings == len(CALLS) + len(ends), "no share was answered twice"
    assert len(caplog.messages) == len(ends)
    for message in caplog.messages:
        assert message.startswith("Ray worker ")
        assert "ended: killed by signal 9; its responses are drawn again" in message


def test_nothing_to_do_asks_nobody() -> None:
    cluster = cluster_of(2)
    assert Drawing(cluster, [], late=60).answers() == []
    assert cluster.calls == []


def test_where_no_worker_comes_back_the_run_ends_and_says_why() -> None:
    drawing = Drawing(cluster_of(2, ends=(1, 2), back_after=10**9), CALLS, late=60, patience=0.05)
    with pytest.raises(ProcessLost, match=r"no Ray worker has been left for 0 s \(Ray worker . ended: killed by sig"):
        drawing.answers()


def test_workers_that_are_gone_for_good_are_not_waited_for() -> None:
    cluster = cluster_of(2, ends=(1, 2))
    cluster.gone_for_good = True
    with pytest.raises(ProcessLost, match=r"no Ray worker is left, nor comes back \(Ray worker . ended"):
        Drawing(cluster, CALLS, late=60, patience=10**9).answers()


def test_a_share_that_ends_every_worker_ends_the_run() -> None:
    """Not the run's patience: they come back each time. Four losses are borne, a fifth is too many.

    The very first loss does not count: that worker had not answered since it was asked before, so may have been dead.
    """
    assert Drawing(cluster_of(1, ends=(1, 2, 3, 4, 5)), CALLS, late=60).answers() == RIGHT
    with pytest.raises(ProcessLost, match="5 Ray workers ended over the same responses"):
        Drawing(cluster_of(1, ends=(1, 2, 3, 4, 5, 6)), CALLS, late=60).answers()


def test_workers_that_were_dead_before_do_not_count_against_a_share() -> None:
    """Six of eight left while the learner worked: the one share of a small call is drawn by those that live."""
    cluster = cluster_of(8, back_after=10**9)
    for number in range(6):
        del cluster.alive[f"worker {number}"]
    drawing = Drawing(cluster, CALLS[:1], late=60)
    assert drawing.answers() == RIGHT[:1]
    assert drawing.lost == 6


def test_workers_that_do_not_come_back_are_handed_no_share_again() -> None:
    cluster = cluster_of(2)
    cluster.gone_for_good = True
    del cluster.alive["worker 0"]
    drawing = Drawing(cluster, CALLS, late=60)
    assert drawing.answers() == RIGHT
    assert (drawing.lost, drawing.gone) == (1, ["worker 0"])
    again = Drawing(cluster, CALLS, late=60, gone=drawing.gone)
    assert again.answers() == RIGHT
    assert (again.lost, again.gone) == (0, ["worker 0"])


def test_a_worker_that_hangs_is_ended_and_its_share_drawn_again(caplog: pytest.LogCaptureFixture) -> None:
    cluster = cluster_of(1)
    cluster.slow = True
    with caplog.at_level(logging.WARNING, "whet"):
        drawing = Drawing(cluster, CALLS, late=0.05)
        assert drawing.answers() == RIGHT
    assert drawing.lost == 1
    assert caplog.messages[0] == "Ray worker 0 has sampled for more than 0 s (compute.timeout_minutes) and is ended"


def test_those_that_were_lost_before_are_asked_whether_they_are_back() -> None:
    cluster = cluster_of(2, back_after=2)
    del cluster.alive["worker 0"]
    drawing = Drawing(cluster, CALLS, late=60, gone=["worker 0"])
    assert drawing.answers() == RIGHT
    assert (drawing.lost, cluster.missed["worker 0"]) == (0, 2)
    assert cluster.known == {"worker 0": 1}
    never = cluster_of(2, back_after=10**9)
    drawing = Drawing(never, CALLS, late=60, gone=["worker 0"])
    assert drawing.answers() == RIGHT
    assert drawing.gone == ["worker 0"]
