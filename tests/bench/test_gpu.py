"""The check for a GPU, rehearsed on a CPU: every section runs to its end, and what fails does not take others along."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import gpu
from benchmarks.gpu import SECTIONS, main, run


def figures(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "gpu.json").read_text("utf-8"))
    return found


def test_every_section_runs_to_its_end(tmp_path: Path) -> None:
    """All but the two that only start other programs, which the next test does."""
    names = [name for name in SECTIONS if name not in ("whole", "train")]
    assert main(tmp_path, ",".join(names), seconds=1e6, rehearse=True) == 0
    found = figures(tmp_path)
    assert found["card"] == "none: a rehearsal, its times mean nothing"
    assert list(found["figures"]) == names
    correct = found["figures"]["correct"]
    for family in ("llama", "qwen2", "qwen3", "gemma3"):
        assert correct[f"{family}: completions as on the CPU, float32"]["value"] == "12 of 12"
        assert float(correct[f"{family}: gradient GPU against CPU, float32"]["value"]) < 1e-5
    assert correct["four gradients under deterministic kernels are the same bits"]["value"] is True
    assert correct["the host waits in a micro-batch"]["value"] == "never"


@pytest.mark.slow
def test_whole_steps_and_a_whole_run(tmp_path: Path) -> None:
    assert main(tmp_path, "whole,train", seconds=1e6, rehearse=True) == 0
    found = figures(tmp_path)["figures"]
    assert found["train"]["whet train: exit status"]["value"] == 0
    assert found["train"]["whet train: s a step, median"]["value"] > 0
    assert any("η" in name for name in found["whole"])


def test_a_section_that_breaks_is_told_and_the_next_one_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(stage: Any) -> None:
        stage.say("before", 1, "2")
        raise RuntimeError("no kernel image\nis available")

    monkeypatch.setattr(gpu, "SECTIONS", {"breaks": breaks, "works": lambda stage: stage.say("after", 3)})
    found = run(tmp_path, ["breaks", "works"], 1e6, True).found
    assert found["breaks"]["section"]["value"] == "BROKE: RuntimeError: no kernel image"
    assert found["breaks"]["before"] == {"value": 1, "expected": "2"}
    assert found["works"]["after"]["value"] == 3
    assert figures(tmp_path)["figures"].keys() == found.keys()


def test_no_section_begins_when_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "SECTIONS", {"late": lambda stage: stage.say("ran", True)})
    assert run(tmp_path, ["late"], 1.0, True).found == {
        "late": {"section": {"value": "left out: no time", "expected": ""}}
    }


def test_an_unknown_section_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tmp_path, "correct,speed", rehearse=True) == 2
    assert "'speed' is none of environment, correct" in capsys.readouterr().err
