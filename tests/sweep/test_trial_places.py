"""What each of several trials gets of a machine with so many cores and GPUs."""

from pathlib import Path

import pytest

from whet.sweep import cluster_request, trial_places
from whet.sweep.cluster_request import Request
from whet.sweep.trial_places import Cluster, NodePlace, Place, places_here


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_places, "cores", lambda: range(12))


def _gpus(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)


def test_one_alone_has_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    _gpus(4, monkeypatch)
    assert places_here(1, 1, {}) == [Place()]


@pytest.mark.parametrize(
    ("count", "processes", "threads"),
    [(2, 1, "6"), (3, 2, "2"), (5, 1, "2"), (24, 1, "1")],
)
def test_cores_are_divided(count: int, processes: int, threads: str) -> None:
    assert places_here(count, processes, {}) == [Place({"OMP_NUM_THREADS": threads})] * count


def test_threads_that_are_set_stay() -> None:
    assert places_here(2, 1, {"OMP_NUM_THREADS": "9"}) == [Place(), Place()]


@pytest.mark.parametrize(
    ("gpus", "count", "expected"),
    [
        (1, 2, [None, None]),
        (2, 2, ["0", "1"]),
        (4, 2, ["0,1", "2,3"]),
        (5, 2, ["0,1", "2,3"]),
        (2, 3, ["0", "1", "0"]),
    ],
)
def test_gpus_are_divided(gpus: int, count: int, expected: list[str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    _gpus(gpus, monkeypatch)
    assert [place.variables.get("CUDA_VISIBLE_DEVICES") for place in places_here(count, 1, {})] == expected


def test_only_gpus_that_the_user_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    _gpus(2, monkeypatch)
    given = places_here(2, 1, {"CUDA_VISIBLE_DEVICES": "6, GPU-7f"})
    assert [place.variables["CUDA_VISIBLE_DEVICES"] for place in given] == ["6", "GPU-7f"]


def test_a_place_here_is_whet_itself() -> None:
    assert (Place().program, Place().meaning(2)) == (("-m", "whet"), 2)


def test_a_place_on_a_node_is_a_process_that_speaks_for_it() -> None:
    first, second = Cluster("auto", cpus=6).places(2, 2, Path("/runs/sweep"))
    assert first == second
    assert isinstance(first, NodePlace)
    assert first.program == ("-m", "whet.sweep.on_node", Request("auto", 6, None, 3, "/runs/sweep").word())
    assert (first.meaning(102), first.meaning(cluster_request.LOST), first.meaning(1)) == (2, cluster_request.LOST, 75)
