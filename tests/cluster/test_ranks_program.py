"""The program that runs processes on a cluster, with stand-ins for Ray and nodes: what it asks for, and its end."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_in_node import StandInNode, a_node
from stand_in_ray_package import ActorDiedError, Ray, installed
from whet.cluster import node_actor, node_process, ranks_program, ray_head
from whet.cluster.rank_places import RanksRequest
from whet.cluster.ray_name import WorkerName
from whet.compute import launch
from whet.compute.launch import SIGNALS
from whet.errors import ProcessLost


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ranks_program, "EVERY", 0.0)
    monkeypatch.setattr(ranks_program, "PATIENCE", 0.0)
    monkeypatch.setattr(node_actor, "EVERY", 0.0)
    monkeypatch.setattr(node_actor, "LEAVING", 0.05)
    monkeypatch.setattr(node_actor, "why_silent", lambda address: "")
    monkeypatch.setattr(node_process, "PATIENCE", 0.05)
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


class Program:
    """The program on stand-ins."""

    def __init__(self, ray: Ray, folder: Path) -> None:
        self.ray, self.folder, self.log = ray, folder, list[str]()
        self.said: dict[int, bytes] = {1: b"", 2: b""}

    def ends(self, *nodes: StandInNode, gpus: int | None = None) -> int:
        request = RanksRequest("auto", len(nodes), 2, gpus, str(self.folder))
        self.ray.replaced = list(nodes)
        return ranks_program._outcome(request, ["train", "x"], self.log.append, self._write)

    def _write(self, stream: int, said: bytes) -> None:
        self.said[stream] += said


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    ray = installed(monkeypatch)
    ray.machines = [a_node("n1", cpus=4), a_node("n2", cpus=2), a_node("n3", cpus=64, alive=False)]
    return Program(ray, tmp_path)


def test_the_processes_are_started_in_a_group_and_end_well(program: Program) -> None:
    nodes = [StandInNode("n2"), StandInNode("n1"), StandInNode("n2")]
    nodes[0].says, nodes[1].complains = b"[GRPO 1/2]\n", b"warning\n"
    assert program.ends(*nodes) == 0
    assert (program.said, program.log) == ({1: b"[GRPO 1/2]\n", 2: b"warning\n"}, [])
    (group,) = program.ray.groups
    assert (group.bundles, group.strategy) == ([{"CPU": 2}] * 3, "PACK")
    options = program.ray.all_options
    assert [(one["num_cpus"], one["num_gpus"], one["max_restarts"]) for one in options] == [(2, 0, 0)] * 3
    assert [one["scheduling_strategy"].place for one in options] == [0, 1, 2]
    assert [node.folders for node in nodes] == [[str(Path.cwd())]] * 3
    assert [len(node.seen) for node in nodes] == [0, 1, 1], "a folder is looked for once on each node"
    told = [(variables["RANK"], variables["LOCAL_RANK"], variables["MASTER_ADDR"], variables["MASTER_PORT"])
            for ((words, variables),) in (node.started for node in nodes) if words == ["train", "x"]]  # fmt: skip
    assert told == [("0", "0", "10.0.0.2", "4242"), ("2", "0", "10.0.0.2", "4242"), ("1", "1", "10.0.0.2", "4242")]
    assert list(program.folder.iterdir()) == []


def test_actors_do_not_look_for_modules_in_the_working_folder(program: Program) -> None:
    node = StandInNode()
    assert program.ends(node) == 0
    assert (program.ray.folder, node.folders) == ("/", [str(Path.cwd())])


def test_gpus_are_asked_for_where_there_are_any(program: Program) -> None:
    program.ray.machines = [a_node("n1", cpus=4, gpus=2)]
    assert program.ends(StandInNode(gpus=["1"]), StandInNode(gpus=["0"])) == 0
    assert program.ray.groups[0].bundles == [{"CPU": 2, "GPU": 1}] * 2
    assert program.ray.groups[0].strategy == "STRICT_PACK"


def test_that_it_waits_for_room_is_said_once(program: Program) -> None:
    program.ray.looks = 3
    assert program.ends(StandInNode(), StandInNode()) == 0
    each = "room for 2 processes of 2 CPUs and 0 GPUs each"
    why = "they are not spread over nodes where one is large enough for all, busy or not"
    assert program.log == [f"waiting until one node of the Ray cluster has {each}: {why}"]


def test_what_fits_no_single_node_waits_for_the_cluster(program: Program) -> None:
    program.ray.looks = 3
    assert program.ends(StandInNode(), StandInNode(), StandInNode("n2")) == 0
    assert program.log == ["waiting until the Ray cluster has room for 3 processes of 2 CPUs and 0 GPUs each"]


def test_a_signal_ends_the_wait_for_room(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_head.Head, "refuse_lost", lambda self: signal.raise_signal(signal.SIGTERM))
    program.ray.looks = 10**9
    assert program.ends(StandInNode(), StandInNode()) == 75
    assert program.log[-1] == "interrupted"


def test_a_signal_is_passed_on_once_to_all(program: Program) -> None:
    class Interrupted(StandInNode):
        def poll(self) -> Any:
            if self.looks == 50:
                signal.raise_signal(signal.SIGINT)
            return super().poll()

    nodes = [Interrupted("n1", looks=50), StandInNode("n2", looks=50)]
    assert program.ends(*nodes) == 75
    assert [node.signals for node in nodes] == [[signal.SIGINT]] * 2
    assert program.log == []


def test_a_failure_is_the_status_of_all(program: Program) -> None:
    assert program.ends(StandInNode("n1"), StandInNode("n2", status=2)) == 2


def test_who_hangs_after_a_loss_is_killed_and_the_lost_is_named(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "GRACE", 0.1)

    class Leaves(StandInNode):
        def poll(self) -> Any:
            program.ray.machines = [a_node("n1")]
            raise ActorDiedError("The actor died unexpectedly.")

    hangs = StandInNode("n1", looks=10**9)
    assert program.ends(hangs, Leaves("n2")) == 75
    assert hangs.signals[0] == signal.SIGKILL
    assert program.log == [
        "process 0 of 2 on host-n1 was ended by SIGKILL",
        "process 1 of 2 was lost: host-n2 has left the Ray cluster",
    ]


def test_a_lost_process_does_not_hide_what_another_ends_with(program: Program) -> None:
    gone, refuses = StandInNode("n1"), StandInNode("n2", status=2, looks=3)
    gone.lost = ActorDiedError("The actor died unexpectedly.")
    program.ray.machines[0]["Alive"] = True
    assert program.ends(gone, refuses) == 2
    assert program.log == ["process 0 of 2 on host-n1 was lost (The actor died unexpectedly)"]


def test_a_killed_process_is_named(program: Program) -> None:
    assert program.ends(StandInNode("n1", status=75), StandInNode("n2", status=-9)) == 75
    assert program.log == ["process 1 of 2 on host-n2 was ended by SIGKILL"]


def test_a_lost_head_stops_all(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [StandInNode("n1", looks=10**9), StandInNode("n2", looks=10**9)]

    def refuse_lost(self: Any) -> None:
        if nodes[0].looks < 10**9 - 3:
            raise ProcessLost("the head of the Ray cluster has not answered")

    monkeypatch.setattr(ray_head.Head, "refuse_lost", refuse_lost)
    assert program.ends(*nodes) == 75
    assert [node.signals for node in nodes] == [[signal.SIGTERM]] * 2
    assert program.log == ["the head of the Ray cluster has not answered"]


def test_nodes_that_are_not_as_this_machine_are_refused(program: Program) -> None:
    elsewhere, blind, other = StandInNode("n2"), StandInNode("n2"), StandInNode("n2")
    elsewhere.is_elsewhere = blind.is_blind = True
    other.name = WorkerName("0.0.9", 42, "gpu-7")
    said = {
        elsewhere: f"compute.ray: {Path.cwd()} is no folder on host-n2; "
        "start the run in a folder that all machines share",
        blind: f"compute.ray: host-n2 and this machine do not see the same files in {program.folder}; "
        "set run.folder to one on a file system of all machines",
        other: "compute.ray.address: a worker, pid 42 on gpu-7, has Whet 0.0.9, this machine",
    }
    for node, line in said.items():
        first = StandInNode("n1")
        assert program.ends(first, node) == 2
        assert program.log[-1].startswith(line)
        assert first.started == node.started == []


def test_what_does_not_begin_there_is_told(program: Program) -> None:
    program.ray.replaced = [StandInNode(), ActorDiedError("creation task failed\nNo module named 'whet.cluster'")]
    assert program.ends(*program.ray.replaced) == 2
    fix = "install there what is installed here"
    assert program.log == [
        f"compute.ray.address: a process does not begin there (No module named 'whet.cluster'); {fix}"
    ]


def test_a_cluster_that_is_nowhere_is_refused(program: Program) -> None:
    program.ray.fails = ConnectionError("nobody there")
    assert program.ends(StandInNode(), StandInNode()) == 2
    assert program.log[0].startswith("compute.ray.address: is auto, where no Ray cluster can be joined (nobody there)")
    assert program.log[0].endswith(", or leave compute.ray out")


def test_its_own_faults_are_a_line(program: Program) -> None:
    program.ray.fails = None
    program.ray.machines = [{"Alive": True}]
    assert program.ends(StandInNode(), StandInNode()) == 1
    assert program.log == ["failed with KeyError: 'Resources'"]


def test_the_program_writes_and_ends_as_the_processes(
    program: Program, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """And nothing of what else is printed in its process."""
    nodes = [StandInNode(status=3), StandInNode(status=3)]
    nodes[0].says, nodes[1].complains = b"said\n", b"oh\n"
    program.ray.replaced, kept = nodes, [os.dup(1), os.dup(2)]
    request = RanksRequest("auto", 2, 1, 0, str(program.folder))
    monkeypatch.setattr("sys.argv", ["ranks_program.py", request.word(), "train"])
    monkeypatch.setattr(program.ray, "shutdown", lambda: None)
    monkeypatch.setattr(program.ray, "nodes", lambda: os.write(2, b"of Ray") and [a_node()])
    try:
        assert ranks_program.main() == 103
    finally:
        for number, before in enumerate(kept, 1):
            os.dup2(before, number)
            os.close(before)
    assert capfd.readouterr() == ("said\n", "oh\n")
