"""Collects the doctests of modules that import Triton where it is installed."""

from importlib.util import find_spec

NEEDS_TRITON = [
    f"src/whet/{folder}/{name}.py" for folder in ("rollout/engine", "policy") for name in ("*_kernel", "triton_*")
]

collect_ignore_glob = [] if find_spec("triton") else NEEDS_TRITON
