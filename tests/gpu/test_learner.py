"""On a GPU: what `benchmarks/gpu.py` says is right, is right (T10)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.gpu_correct import FAMILIES, learner, repeats, sampler, waits
from benchmarks.gpu_stage import Stage

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def figures(tmp_path: Path, *sections: Callable[..., None], family: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    stage = Stage(tmp_path, True, 600.0, lambda name, value, expected="": found.update({name: value}))
    for section in sections:
        section(stage, family) if family else section(stage)
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_it_computes_what_the_cpu_computes(family: str, tmp_path: Path) -> None:
    found = figures(tmp_path, sampler, learner, family=family)
    assert found[f"{family}: completions as on the CPU, float32"] == "12 of 12"
    assert float(found[f"{family}: largest difference of a log-probability"]) < 1e-4
    assert float(found[f"{family}: gradient GPU against CPU, float32"]) < 1e-4
    row = found[f"{family}: attention in bfloat16"]
    ours, grid = map(float, found[f"{family}: error of the gradient in bfloat16, {row} / grid"].split(" / "))
    assert ours <= 1.2 * grid + 1e-3


def test_gradients_repeat_and_the_host_never_waits(tmp_path: Path) -> None:
    found = figures(tmp_path, repeats, waits)
    assert found["four gradients under deterministic kernels are the same bits"] is True
    assert found["the host waits in a micro-batch"] == "never"
