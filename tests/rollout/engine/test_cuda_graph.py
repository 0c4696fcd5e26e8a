"""How work is recorded, on a stand-in for CUDA's calls and, where there is a GPU, on it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from whet.rollout.engine import cuda_graph
from whet.rollout.engine.cuda_graph import CudaGraphs, not_collecting


class FakeCuda:
    """Writes down what was asked of it, in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.streams = 0
        self.fails = False
        self.emptied = 0
        self.pools: list[tuple[int, int]] = []
        """Of each capture."""

    def Stream(self) -> Any:
        self.streams += 1
        return self

    def current_stream(self) -> Any:
        return self

    def wait_stream(self, other: Any) -> None:
        self.calls.append("wait")

    def synchronize(self) -> None:
        self.calls.append("synchronize")

    def current_device(self) -> int:
        return 0

    def empty_cache(self) -> None:
        self.emptied += 1

    def graph_pool_handle(self) -> tuple[int, int]:
        return (0, len(self.pools))

    @contextmanager
    def stream(self, stream: Any) -> Iterator[None]:
        yield

    def CUDAGraph(self) -> Any:
        return FakeGraph(self)


class FakeGraph:
    def __init__(self, cuda: FakeCuda) -> None:
        self.cuda = cuda

    def capture_begin(self, pool: Any, capture_error_mode: str) -> None:
        assert (capture_error_mode, gc.isenabled()) == ("thread_local", False)
        self.cuda.pools.append(pool)
        self.cuda.calls.append("begin")

    def capture_end(self) -> None:
        self.cuda.calls.append("end")
        if self.cuda.fails:
            raise RuntimeError("the capture was invalidated")

    def pool(self) -> Any:
        return self.cuda.pools[0]

    def replay(self) -> None:
        self.cuda.calls.append("replay")


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    fake = FakeCuda()
    monkeypatch.setattr(cuda_graph.torch, "cuda", fake)
    return fake


def test_work_is_done_once_and_then_recorded_on_one_stream_for_all(cuda: FakeCuda) -> None:
    graphs = CudaGraphs()
    for _ in range(3):
        replay = graphs(lambda: cuda.calls.append("work"))
    assert cuda.calls == ["wait", "work", "synchronize", "begin", "work", "end", "wait"] * 3
    assert cuda.streams == 1
    replay()
    assert cuda.calls[-1] == "replay"
    assert gc.isenabled()


def test_work_that_fails_in_a_capture_ends_it_and_says_why(cuda: FakeCuda) -> None:
    def work() -> None:
        if cuda.calls[-1] == "begin":
            cuda.fails = True
            raise RuntimeError("operation not permitted when stream is capturing")

    with pytest.raises(RuntimeError, match="operation not permitted"):
        CudaGraphs()(work)
    assert cuda.calls[-1] == "end"
    assert gc.isenabled()


@pytest.mark.parametrize(("is_over", "given_up"), [(False, ["allocation", "pool"]), (True, ["allocation"])])
def test_a_failed_capture_leaves_no_allocation_under_way(
    is_over: bool, given_up: list[str], cuda: FakeCuda, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch forgets to end it where ending the capture fails; where it has not, ending it again raises."""

    def end(device: int, pool: Any) -> None:
        cuda.calls.append("allocation")
        if is_over:
            raise RuntimeError("endAllocatePool: not currently recording to mempool_id")

    called = {"_cuda_endAllocateToPool": end, "_cuda_releasePool": lambda *_: cuda.calls.append("pool")}
    for name, function in called.items():
        monkeypatch.setattr(cuda_graph.torch._C, name, function, raising=False)
    cuda.fails = True
    with pytest.raises(RuntimeError, match="the capture was invalidated"):
        CudaGraphs()(lambda: None)
    assert cuda.calls[-len(given_up) :] == given_up


def test_graphs_share_a_pool_while_there_is_one(cuda: FakeCuda) -> None:
    """On a real GPU a capture into the pool of graphs that are all gone fails an assertion of torch (2.11)."""
    graphs = CudaGraphs()
    kept = [graphs(lambda: None) for _ in range(2)]
    assert (len({*cuda.pools}), cuda.emptied) == (1, 1)
    kept.clear()
    graphs(lambda: None)
    assert cuda.pools[2] not in cuda.pools[:2]
    assert cuda.emptied == 2  # or the dropped pool's memory would be held


@pytest.mark.parametrize("was_on", [True, False])
def test_garbage_is_collected_again_as_before(was_on: bool) -> None:
    (gc.enable if was_on else gc.disable)()
    try:
        with not_collecting():
            assert not gc.isenabled()
        assert gc.isenabled() is was_on
    finally:
        gc.enable()
