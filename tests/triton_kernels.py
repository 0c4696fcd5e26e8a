"""Triton's kernels in tests: on a GPU where there is one, else on the CPU in Triton's interpreter."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch


def _numbers_bound_loops() -> None:
    """Lets a loaded number bound a loop: the interpreter's own way fails from NumPy 2.4 on."""
    from triton.runtime.interpreter import _LangPatchScope

    set_attr = _LangPatchScope.set_attr

    def patched(scope: Any, owner: Any, name: str, value: Any) -> None:
        set_attr(scope, owner, name, (lambda number: number.handle.data.item()) if name == "__index__" else value)

    _LangPatchScope.set_attr = patched


DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

if DEVICE.type == "cpu":
    os.environ["TRITON_INTERPRET"] = "1"  # read when a kernel is defined: import kernels inside of tests only
    if find_spec("triton"):
        _numbers_bound_loops()

needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed")


def compiled_for(kernel: str) -> list[dict[str, Any]]:
    """What kernels need on GPUs that are not here, by `compiled_for.py`, in a process without the interpreter."""
    script = Path(__file__).parent / "compiled_for.py"
    environment = {**os.environ, "TRITON_INTERPRET": "0"}
    done = subprocess.run([sys.executable, script, kernel], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
