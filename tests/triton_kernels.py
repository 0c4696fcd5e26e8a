"""Triton's kernels in tests: on a GPU where there is one, else on the CPU in Triton's interpreter."""

import os
from importlib.util import find_spec

import pytest
import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

if DEVICE.type == "cpu":
    os.environ["TRITON_INTERPRET"] = "1"  # read when a kernel is defined: import kernels inside of tests only

needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed")
