"""What each of several trials gets of a machine with so many cores and GPUs."""

import pytest

from whet.sweep import shares as sharing
from whet.sweep.shares import shares


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: range(12))


def _gpus(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)


def test_one_alone_has_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    _gpus(4, monkeypatch)
    assert shares(1, 1, {}) == [{}]


@pytest.mark.parametrize(
    ("count", "processes", "threads"),
    [(2, 1, "6"), (3, 2, "2"), (5, 1, "2"), (24, 1, "1")],
)
def test_cores_are_divided(count: int, processes: int, threads: str) -> None:
    assert shares(count, processes, {}) == [{"OMP_NUM_THREADS": threads}] * count


def test_threads_that_are_set_stay() -> None:
    assert shares(2, 1, {"OMP_NUM_THREADS": "9"}) == [{}, {}]


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
    assert [share.get("CUDA_VISIBLE_DEVICES") for share in shares(count, 1, {})] == expected


def test_only_gpus_that_the_user_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    _gpus(2, monkeypatch)
    given = shares(2, 1, {"CUDA_VISIBLE_DEVICES": "6, GPU-7f"})
    assert [share["CUDA_VISIBLE_DEVICES"] for share in given] == ["6", "GPU-7f"]
