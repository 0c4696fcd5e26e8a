"""Collects the doctests of modules that import Triton where it is installed."""

from importlib.util import find_spec

NEEDS_TRITON = ["src/whet/rollout/engine/*_kernel.py", "src/whet/rollout/engine/triton_*.py"]

collect_ignore_glob = [] if find_spec("triton") else NEEDS_TRITON
