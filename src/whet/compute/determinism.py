"""Makes a GPU's sums come out the same at every run, to the last bit.

Some CUDA kernels add with atomic operations, in whatever order threads arrive: scattered sums, and the gradients of
queries in flash attention. torch has slower kernels with a fixed order for each of them.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

WORKSPACE, SIZES = "CUBLAS_WORKSPACE_CONFIG", ":4096:8"
"""cuBLAS chooses the same algorithm every time only with workspaces of fixed sizes (NVIDIA cuBLAS documentation,
"Results reproducibility"). It reads this when it is first used."""


@contextmanager
def deterministic() -> Iterator[None]:
    """In the block every operation takes a deterministic kernel, or raises `RuntimeError` where there is none.

    The learner has one for all it does; it costs a few per cent of its time.
    """
    before = torch.are_deterministic_algorithms_enabled()
    settings: Any = torch.utils.deterministic
    fills = settings.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    settings.fill_uninitialized_memory = False  # nothing here reads what it has not written
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        settings.fill_uninitialized_memory = fills


def fix_workspaces() -> None:
    """Gives cuBLAS workspaces of fixed sizes, unless the environment says otherwise. Before CUDA is first used."""
    os.environ.setdefault(WORKSPACE, SIZES)
