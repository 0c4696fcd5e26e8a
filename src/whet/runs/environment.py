"""Package versions and machine of a run, for its manifest."""

import importlib.metadata
import os
import platform
from typing import Any

PACKAGES = ("whet", "torch", "transformers", "tokenizers", "safetensors", "peft", "numpy")


def environment() -> dict[str, Any]:
    """Returns the versions of Python and of the packages that affect results, the platform and the CPU core count.

    Reads package metadata only: nothing is imported.
    """
    return {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
