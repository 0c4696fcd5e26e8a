"""Device, memory, speed and disk of this machine."""

from pathlib import Path

import psutil
import pytest
import torch

import whet.doctor.machine_findings as module
from whet.compute.limit import Machine
from whet.doctor.finding import Finding
from whet.doctor.machine_findings import machine_findings


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, Finding]:
    import whet.compute.machine

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(whet.compute.machine, "measure_machine", lambda device, dtype: Machine(4.15e11, 32e9))
    return {one.name: one for one in machine_findings()}


def test_figures_are_in_si_units(found: dict[str, Finding]) -> None:
    assert found["speed"].value.startswith("Φ 415 GFLOP/s, β 32 GB/s")
    assert found["speed"].figures == {"flops": 4.15e11, "bandwidth": 32e9}
    memory = found["memory"].figures
    assert 0 < memory["free_bytes"] <= memory["total_bytes"] <= psutil.virtual_memory().total
    assert found["device"].figures["type"] == "cpu"
    assert found["type"].figures["dtype"] in ("bfloat16", "float32")


def test_little_memory_is_told_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    import whet.policy.free_memory

    monkeypatch.setattr(whet.policy.free_memory, "free_bytes", lambda device: 10**9)
    finding = module._memory(torch.device("cpu"))
    assert (finding.state, "model.lora" in (finding.fix or "")) == ("note", True)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finding = module._disk("cache folder", tmp_path / "file" / "whet")
    assert (finding.state, finding.fix) == ("fault", "set WHET_CACHE to a folder that can be written")
    assert module._disk("run folders", tmp_path / "not" / "yet").figures["free_bytes"] > 0
