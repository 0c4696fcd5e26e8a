"""Exams of saved weights."""

from typing import Any

from benchmarks.contenders.held_out_eval import main


def test_an_accuracy_for_every_folder(small: dict[str, Any]) -> None:
    folder = small["overrides"]["model.name"]
    found = main({**small, "folders": [folder, folder]})["accuracies"]
    assert len(found) == 2
    assert found[0] == found[1]
    assert 0 <= found[0] <= 1
