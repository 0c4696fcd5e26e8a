"""Places of a run's processes on a cluster: room, order, and torchrun's variables."""

import os

import pytest

from stand_in_node import StandInNode, a_node
from whet.cluster.node_process import Whereabouts
from whet.cluster.rank_places import RanksRequest, by_node, environments, strategy
from whet.errors import UserError


def _request(count: int, cpus: int = 1, gpus: int | None = 0, columns: int | None = None) -> RanksRequest:
    return RanksRequest("auto", count, cpus, gpus, "/runs", columns)


def test_one_node_is_taken_where_it_is_large_enough() -> None:
    assert strategy(_request(4), [a_node(cpus=2), a_node(cpus=4)]) == "STRICT_PACK"
    assert strategy(_request(4), [a_node(cpus=2), a_node(cpus=3)]) == "PACK"
    assert strategy(_request(2, gpus=1), [a_node(cpus=64), a_node(cpus=8, gpus=2)]) == "STRICT_PACK"
    assert strategy(_request(4, cpus=2, gpus=1), [a_node(cpus=4, gpus=8), a_node(cpus=4, gpus=2)]) == "PACK"


def test_what_the_nodes_have_no_room_for_is_refused() -> None:
    nodes = [a_node(cpus=5, gpus=1), a_node(cpus=64, gpus=1), a_node(cpus=64)]
    said = (
        r"^compute\.processes: is 3, of 2 CPUs and 1 GPUs each, but the nodes of the Ray cluster have room for 2; "
        r"lower it, or compute\.ray\.cpus or compute\.ray\.gpus$"
    )
    with pytest.raises(UserError, match=said):
        strategy(_request(3, cpus=2, gpus=1), nodes)
    with pytest.raises(UserError, match="have room for 2;"):  # not 2.5: a process is on one node
        strategy(_request(3, cpus=2), [a_node(cpus=5)])
    with pytest.raises(UserError, match="have room for 0;"):
        strategy(_request(1), [])


def test_a_process_has_a_gpu_where_there_are_any() -> None:
    for asked, nodes, given in ((None, [a_node()], 0), (None, [a_node(), a_node(gpus=1)], 1), (0, [a_node(gpus=1)], 0)):
        assert _request(2, gpus=asked).on(nodes).gpus == given


def test_the_processes_of_a_node_are_neighbours() -> None:
    assert by_node([StandInNode(node).whereabouts() for node in ("n2", "n1", "n2", "n1", "n3")]) == [0, 2, 1, 3, 4]


def test_each_process_is_told_what_torchrun_would_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    there = [
        StandInNode("n1", gpus=["2"]).whereabouts(),
        StandInNode("n1", gpus=["0"]).whereabouts(),
        StandInNode("n2", gpus=["5"]).whereabouts(),
    ]
    found = environments(there, 4242, _request(3, cpus=6, gpus=1, columns=80))
    common = {
        "WORLD_SIZE": "3", "MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "4242", "OMP_NUM_THREADS": "6", "COLUMNS": "80",
    }  # fmt: skip
    on_1 = common | {"LOCAL_WORLD_SIZE": "2", "CUDA_VISIBLE_DEVICES": "2,0", "GLOO_SOCKET_IFNAME": "eth1"}
    on_2 = common | {"LOCAL_WORLD_SIZE": "1", "CUDA_VISIBLE_DEVICES": "5", "GLOO_SOCKET_IFNAME": "eth2"}
    assert found == [
        on_1 | {"RANK": "0", "LOCAL_RANK": "0"},
        on_1 | {"RANK": "1", "LOCAL_RANK": "1"},
        on_2 | {"RANK": "2", "LOCAL_RANK": "0"},
    ]


def test_every_process_finds_its_own_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Ray gave it is what the number of its GPU means among those that it sees."""
    from whet.compute.processes import own_gpu

    there = [StandInNode(node, gpus=[gpu]).whereabouts() for node, gpu in (("n1", "2"), ("n1", "0"), ("n2", "5"))]
    for told, given in zip(environments(there, 1, _request(3, gpus=1)), ("2", "0", "5"), strict=True):
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        seen = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
        assert seen[own_gpu(len(seen))] == given


def test_without_gpus_none_is_seen_and_without_an_interface_none_is_named() -> None:
    one = StandInNode().whereabouts()
    found = environments([Whereabouts(one.name, "n1", "10.0.0.1", "", ())], 1, _request(1))[0]
    assert found["CUDA_VISIBLE_DEVICES"] == ""
    assert not {"GLOO_SOCKET_IFNAME", "COLUMNS"} & set(found)
