"""Records work on a GPU as a CUDA graph, which is replayed without Python between kernels.

A step of a small model is some hundred kernels of microseconds each; launching them one by one takes longer than
running them. Recorded work needs constant shapes and addresses, and must not wait for the host.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

import torch

Work = Callable[[], None]
"""Reads and writes tensors that stay where they are."""

Record = Callable[[Work], Work]
"""From work to what repeats it; the work is done at least once on the way."""


class CudaGraphs:
    """Plays `Record` on the current GPU.

    All graphs have one stream and one memory pool: a stream holds a workspace of cuBLAS (32 MiB on Hopper) for good,
    and what a graph computes on the way is needed by no other. They must be dropped together: torch 2.12 frees the
    workspace with the first that goes.
    """

    def __init__(self) -> None:
        self.stream = torch.cuda.Stream()
        self.graphs: WeakSet[torch.cuda.CUDAGraph] = WeakSet()

    def __call__(self, work: Work) -> Work:
        """Does the work once, as CUDA requires, and records it; returns its replay."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            work()
            self.stream.synchronize()
            graph = self._recorded(work)
        torch.cuda.current_stream().wait_stream(self.stream)
        return graph.replay

    def _pool(self) -> Any:
        """That of the graphs there are. The allocator gives a pool up with its last graph, and holds its memory: where
        there is none, cached memory goes back first."""
        for graph in self.graphs:
            return graph.pool()
        torch.cuda.empty_cache()
        return torch.cuda.graph_pool_handle()

    def _recorded(self, work: Work) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        with not_collecting():
            # `torch.cuda.graph` would give cached memory back to the driver each time; other threads may use the GPU
            pool = self._pool()
            graph.capture_begin(pool=pool, capture_error_mode="thread_local")
            try:
                work()
                graph.capture_end()
            except BaseException:
                _give_up(graph, pool)
                raise
        self.graphs.add(graph)
        return graph


def _give_up(graph: torch.cuda.CUDAGraph, pool: Any) -> None:
    """Ends a capture that has failed, of which torch (2.11) leaves the allocator recording: no memory that is cached
    would ever be given back, and the next `empty_cache` would fail an assertion."""
    with suppress(RuntimeError):  # a failed capture fails again when it is ended
        graph.capture_end()
    with suppress(RuntimeError, AttributeError):  # the first raises where torch has done it, and then so has the second
        torch._C._cuda_endAllocateToPool(torch.cuda.current_device(), pool)
        torch._C._cuda_releasePool(torch.cuda.current_device(), pool)


@contextmanager
def not_collecting() -> Iterator[None]:
    """In the block garbage is not collected: to free a tensor of another stream ends a capture."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
