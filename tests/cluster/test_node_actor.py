"""What is asked of an actor on a node, with a stand-in for Ray: answers, its end, and a folder that it must see."""

import re
from pathlib import Path

import pytest

from stand_in_node import StandInNode, a_node
from stand_in_ray_package import Actor, ActorDiedError, Ray, installed
from whet.cluster import node_actor, node_process
from whet.cluster.node_actor import GoneError, NodeActor
from whet.cluster.ray_name import WorkerName
from whet.errors import ProcessLost, UserError


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Ray:
    monkeypatch.setattr(node_actor, "EVERY", 0.0)
    monkeypatch.setattr(node_actor, "LEAVING", 0.05)
    monkeypatch.setattr(node_actor, "why_silent", lambda address: "")
    monkeypatch.setattr(node_process, "PATIENCE", 0.05)
    found = installed(monkeypatch)
    found.machines = [a_node()]
    return found


def _met(ray: Ray, there: StandInNode) -> NodeActor:
    node = NodeActor(ray, Actor(there), lambda: None)
    assert node.met(node.begin("whereabouts"), "compute.ray.address") == there.whereabouts()
    return node


def test_it_is_asked_and_answers(ray: Ray) -> None:
    node = _met(ray, StandInNode())
    assert (node.host, node.ask("free_port")) == ("host-n1", 4242)
    handle = node.begin("free_port")
    assert node.has_answered(handle)
    ray.never = 1
    assert not node.has_answered(handle)


def test_a_wait_is_ended_by_what_else_is_looked_at(ray: Ray) -> None:
    def look() -> None:
        raise ProcessLost("the head is gone")

    ray.never = 1
    with pytest.raises(ProcessLost, match=r"^the head is gone$"):
        NodeActor(ray, Actor(StandInNode()), look).ask("free_port")


def test_another_version_is_refused(ray: Ray) -> None:
    there = StandInNode()
    there.name = WorkerName("0.0.9", 42, "gpu-7")
    with pytest.raises(UserError, match=r"^compute\.ray\.address: a worker, pid 42 on gpu-7, has Whet 0\.0\.9"):
        _met(ray, there)


@pytest.mark.parametrize(
    ("machines", "silent", "left"),
    [([a_node()], "", False), ([a_node(alive=False)], "", True), ([], "", True), ([], "Connection refused", False)],
)
def test_a_lost_process_is_told_from_a_lost_node(
    ray: Ray, monkeypatch: pytest.MonkeyPatch, machines: list[object], silent: str, left: bool
) -> None:
    """Where the head is gone, too, nobody would answer."""
    there = StandInNode(looks=0)
    there.lost = ActorDiedError("The actor died unexpectedly.\nmore")
    node = _met(ray, there)
    with pytest.raises(GoneError, match=r"^The actor died unexpectedly$"):
        node.ask("poll")
    ray.machines = machines  # type: ignore[assignment]
    monkeypatch.setattr(node_actor, "why_silent", lambda address: silent)
    assert node.has_left() is left


def test_a_folder_that_is_not_shared_is_refused(ray: Ray, tmp_path: Path) -> None:
    there = StandInNode()
    _met(ray, there).refuse_other_folder(str(tmp_path), "compute.ray", "share it")
    assert len(there.seen) == 1
    there.is_blind = True
    said = f"compute.ray: host-n1 and this machine do not see the same files in {tmp_path}; share it"
    with pytest.raises(UserError, match=f"^{re.escape(said)}$"):
        _met(ray, there).refuse_other_folder(str(tmp_path), "compute.ray", "share it")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused(ray: Ray, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^compute\.ray: /proc/1 cannot be written \(.+\); share it$"):
        _met(ray, StandInNode()).refuse_other_folder("/proc/1", "compute.ray", "share it")
