"""A tiny model whose turns never end by chance, and a recipe that takes a second."""

from pathlib import Path
from typing import Any

import pytest

import tiny
from wiring import overrides


@pytest.fixture
def small(tmp_path: Path) -> dict[str, Any]:
    """What the learning workers are asked for: two steps of the quickstart on a tiny model."""
    changes = overrides(tiny.save_tiny(tmp_path / "model"), tmp_path / "runs", {"grpo.group_size": 2})
    return {"recipe": "quickstart", "overrides": changes, "every": 1, "folder": str(tmp_path / "out")}


@pytest.fixture
def work(tmp_path: Path) -> dict[str, Any]:
    """Two steps of equal work."""
    return {
        "model": str(tiny.save_tiny(tmp_path / "model")),
        "work": {"prompts": 2, "group": 3, "prompt_tokens": 15, "tokens": 4},
        "steps": 2,
    }
