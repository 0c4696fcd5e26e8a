"""The process that speaks for one on a node, with a stand-in for Ray: what it asks for, passes on and ends with."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stand_in_node import StandInNode, a_node
from stand_in_ray_package import ActorDiedError, Ray, installed
from whet.cluster import node_actor, node_process
from whet.cluster.node_actor import gpus_of
from whet.cluster.node_process import Looked
from whet.cluster.ray_name import WorkerName, own_name
from whet.cluster.ray_start import SHIFT
from whet.errors import INTERRUPTED, ProcessLost
from whet.sweep import on_node
from whet.sweep.cluster_request import LOST, UNUSABLE, Request
from whet.sweep.on_node import LostError, OnNode
from whet.sweep.run_trial import Ended


class There(StandInNode):
    """Ends as a process of `whet` that has said a last line."""

    def __init__(self, ended: Ended, looks: int = 1) -> None:
        super().__init__(status=ended.status, looks=looks)
        self.name = own_name()
        self.complains = b"whet: wait\n"
        self.last = ended.said.encode() + b"\n"

    def poll(self) -> Looked:
        looked = super().poll()
        return looked if looked.status is None else replace(looked, err=looked.err + self.last)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(on_node, "EVERY", 0.0)
    monkeypatch.setattr(node_actor, "EVERY", 0.0)
    monkeypatch.setattr(node_actor, "LEAVING", 0.1)
    monkeypatch.setattr(node_actor, "why_silent", lambda address: "")
    monkeypatch.setattr(node_process, "PATIENCE", 0.1)
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


def _ray(monkeypatch: pytest.MonkeyPatch, there: There) -> Ray:
    ray = installed(monkeypatch)
    ray.replaced = there
    ray.machines = [a_node(cpus=4)]
    return ray


def _ran(folder: Path, address: str = "auto", gpus: int | None = None) -> tuple[int, str]:
    return on_node._ran(Request(address, 2, gpus, 2, str(folder)), ["train", "recipe.yaml"])


def test_it_ends_as_the_process_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    there = There(Ended(2, "grpo.steps: is 0"), looks=3)
    ray = _ray(monkeypatch, there)
    assert _ran(tmp_path) == (SHIFT + 2, "grpo.steps: is 0")
    variables = {"OMP_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": ""}
    assert (there.folders, there.started) == ([str(Path.cwd())], [(["train", "recipe.yaml"], variables)])
    assert ray.folder == "/", "there a file beside the recipes would be taken for a library"
    assert not there.keeps_output, "nobody reads what a trial prints"
    assert (ray.options["num_cpus"], ray.options["num_gpus"], ray.options["max_restarts"]) == (2, 0, 0)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_is_passed_on_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupts(There):
        def poll(self) -> Looked:
            signal.raise_signal(signal.SIGINT)
            return super().poll()

    there = Interrupts(Ended(75, "stopped"), looks=9)
    _ray(monkeypatch, there)
    assert _ran(tmp_path) == (SHIFT + 75, "stopped")
    assert there.signals == [signal.SIGINT]


def test_an_interrupt_ends_the_wait_for_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = _ray(monkeypatch, There(Ended(0, "")))
    ray.never = 1

    def refuse_lost_head() -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(LostError, match=r"^interrupted$") as lost:
        OnNode(ray, Request("auto", 2, 0, 2, str(tmp_path)), refuse_lost_head)
    assert lost.value.status == INTERRUPTED


def test_a_process_that_is_killed_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _ray(monkeypatch, There(Ended(-9, "")))
    assert _ran(tmp_path) == (INTERRUPTED, f"its process on {own_name().host} was ended by SIGKILL")


@pytest.mark.parametrize(("alive", "status"), [(True, INTERRUPTED), (False, LOST)])
def test_a_lost_actor_is_told_from_a_lost_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alive: bool, status: int
) -> None:
    ray = _ray(monkeypatch, There(Ended(0, "")))

    class Leaves(There):
        def poll(self) -> Looked:
            ray.machines = [a_node(alive=alive)]
            raise ActorDiedError("The actor died unexpectedly.\nmore")

    ray.replaced = Leaves(Ended(0, ""))
    host = own_name().host
    said = f"{host} has left the Ray cluster"
    if alive:
        said = f"its process on {host} was lost (The actor died unexpectedly)"
    assert _ran(tmp_path) == (status, said)


def test_a_lost_head_makes_the_cluster_unusable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from whet.cluster import ray_head

    def lost(self: Any) -> None:
        raise ProcessLost("the head of the Ray cluster has not answered")

    monkeypatch.setattr(ray_head.Head, "refuse_lost", lost)
    _ray(monkeypatch, There(Ended(0, ""))).never = 1
    assert _ran(tmp_path) == (UNUSABLE, "the head of the Ray cluster has not answered")


def test_a_folder_that_is_not_shared_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = There(Ended(0, ""))
    there.is_blind = True
    _ray(monkeypatch, there)
    status, said = _ran(tmp_path)
    assert status == UNUSABLE
    assert said == (
        f"--ray: {own_name().host} and this machine do not see the same files in {tmp_path}; "
        "name a folder with --into that is on a file system of all machines"
    )
    assert list(tmp_path.iterdir()) == there.started == []


def test_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = There(Ended(0, ""))
    there.name = WorkerName("0.0.9", 42, "gpu-7")
    _ray(monkeypatch, there)
    status, said = _ran(tmp_path)
    assert (status, said.partition(", this")[0]) == (UNUSABLE, "--ray: a worker, pid 42 on gpu-7, has Whet 0.0.9")


def test_what_no_node_has_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = _ray(monkeypatch, There(Ended(0, "")))
    ray.machines = [a_node(cpus=1, gpus=4), a_node("n2", cpus=8), a_node("n3", cpus=64, gpus=8, alive=False)]
    fix = "for a trial; lower --cpus or --gpus"
    assert _ran(tmp_path, gpus=1) == (UNUSABLE, f"--ray: no node of the cluster has 2 CPUs and 1 GPUs {fix}")
    assert _ran(tmp_path, gpus=0)[0] == SHIFT


def test_a_cluster_that_is_nowhere_is_unusable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _ray(monkeypatch, There(Ended(0, ""))).fails = ConnectionError("nobody there")
    status, said = _ran(tmp_path)
    assert status == UNUSABLE
    assert said.startswith("--ray: is auto, where no Ray cluster can be joined (nobody there); start it there by")
    assert said.endswith(", or leave --ray away")


def test_a_folder_that_the_node_has_not_is_the_users_to_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = There(Ended(0, ""))
    there.is_elsewhere = True
    _ray(monkeypatch, there)
    said = f"--ray: {Path.cwd()} is no folder on {own_name().host}; start the sweep in a folder that all machines share"
    assert _ran(tmp_path) == (UNUSABLE, said)


def test_a_trial_has_a_gpu_where_there_are_any() -> None:
    for asked, nodes, given in ((None, [a_node()], 0), (None, [a_node(), a_node(gpus=1)], 1), (0, [a_node(gpus=1)], 0)):
        assert gpus_of(asked, nodes) == given


def test_the_program_says_the_last_line_and_ends_with_the_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _ray(monkeypatch, There(Ended(2, "grpo.steps: is 0")))
    word = Request("auto", 2, 0, 2, str(tmp_path)).word()
    monkeypatch.setattr("sys.argv", ["on_node.py", word, "train", "recipe.yaml"])
    assert on_node.main() == SHIFT + 2
    assert capfd.readouterr().err == "grpo.steps: is 0\n"
