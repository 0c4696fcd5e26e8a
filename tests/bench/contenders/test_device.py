"""The clock waits for a GPU, and memory is the GPU's, where there is one."""

import pytest
import torch

from benchmarks.contenders.device import now, peak_gib


def test_on_a_cpu_it_is_the_process() -> None:
    before = now()
    assert 0 <= now() - before < 60
    assert peak_gib() > 0.05


def test_on_a_gpu_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: calls.append("waited"))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 3 << 30)
    now()
    assert calls == ["waited"]
    assert peak_gib() == 3.0
