"""The weights that everybody begins with."""

from pathlib import Path
from typing import Any

from benchmarks.contenders.warm_start import main


def test_a_warm_start_and_nothing_after_it(small: dict[str, Any]) -> None:
    found = main(small)
    folder = Path(found["model"])
    assert (folder / "model.safetensors").exists()
    assert sorted(path.stem for path in (folder.parent / "eval").glob("*.json")) == ["base", "sft"]
    assert 0 <= found["accuracy"] <= 1
