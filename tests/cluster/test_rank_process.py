"""A process on a node, waited for as one on this machine is."""

import signal

import pytest

from processes import soon
from stand_in_node import StandInNode, a_node
from stand_in_ray_package import Actor, ActorDiedError, Ray, installed
from whet.cluster import node_actor, rank_process
from whet.cluster.node_actor import NodeActor
from whet.cluster.rank_process import RankProcess


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Ray:
    monkeypatch.setattr(node_actor, "LEAVING", 0.05)
    monkeypatch.setattr(node_actor, "EVERY", 0.0)
    monkeypatch.setattr(node_actor, "why_silent", lambda address: "")
    found = installed(monkeypatch)
    found.machines = [a_node()]
    return found


def _process(ray: Ray, there: StandInNode) -> tuple[RankProcess, list[tuple[int, bytes]]]:
    node, said = NodeActor(ray, Actor(there), lambda: None), list[tuple[int, bytes]]()
    node.met(node.begin("whereabouts"), "compute.ray.address")
    return RankProcess(node, lambda stream, text: said.append((stream, text))), said


def test_it_ends_as_the_process_there_and_says_what_that_says(ray: Ray) -> None:
    there = StandInNode(status=2, looks=1)
    there.says, there.complains = b"[GRPO 1/2]\n", b"whet: no\n"
    process, said = _process(ray, there)
    assert (process.poll(), process.returncode) == (None, None)
    assert said == [(1, b"[GRPO 1/2]\n"), (2, b"whet: no\n")]
    assert (process.poll(), process.returncode, process.fate()) == (2, 2, "")
    assert process.poll() == 2
    assert (there.looks, len(said)) == (-1, 2), "it is not looked at any more"


def test_a_look_does_not_wait(ray: Ray) -> None:
    there = StandInNode(looks=9)
    process, _ = _process(ray, there)
    ray.never = 1
    assert [process.poll() for _ in range(3)] == [None, None, None]
    assert there.looks == 8, "one question is answered before the next one is put"


def test_signals_go_with_the_next_look(ray: Ray) -> None:
    there = StandInNode(looks=9)
    there.heeds = (signal.SIGKILL,)
    process, _ = _process(ray, there)
    process.send_signal(signal.SIGTERM)
    assert there.signals == [], "who handles a signal calls nothing of Ray"
    assert process.poll() is None
    assert there.signals == [signal.SIGTERM]
    process.kill()
    assert process.poll() == -signal.SIGKILL
    assert there.signals == [signal.SIGTERM, signal.SIGKILL]
    assert process.fate() == "on host-n1 was ended by SIGKILL"


@pytest.mark.parametrize(
    ("alive", "fate"),
    [
        (True, "on host-n1 was lost (The actor died unexpectedly)"),
        (False, "was lost: host-n1 has left the Ray cluster"),
    ],
)
def test_one_that_is_lost_counts_as_killed_and_is_told(ray: Ray, alive: bool, fate: str) -> None:
    there = StandInNode(looks=0)
    there.lost = ActorDiedError("The actor died unexpectedly.\nmore")
    process, _ = _process(ray, there)
    assert (process.poll(), process.returncode) == (-signal.SIGKILL, -signal.SIGKILL)
    ray.machines = [a_node(alive=alive)]
    assert process.fate() == fate


def test_one_that_is_killed_and_does_not_answer_is_lost(ray: Ray, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without power, of which Ray does not know yet."""
    process, _ = _process(ray, StandInNode(looks=9))
    other, _ = _process(ray, StandInNode(looks=9))
    ray.never = 1
    process.kill()
    assert process.poll() is None
    monkeypatch.setattr(rank_process, "ANSWER", 0.0)
    assert other.poll() is None
    other.kill()
    assert soon(lambda: other.poll() == -signal.SIGKILL)
    assert other.fate() == "on host-n1 was lost (it does not answer)"
