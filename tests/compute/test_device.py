"""Which device and which type, on machines of several kinds."""

import pytest
import torch

from whet.compute.device import pick_device, pick_dtype


def machine(monkeypatch: pytest.MonkeyPatch, *, cuda: bool, bfloat16: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bfloat16 or including_emulation)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: bfloat16)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: bfloat16)


@pytest.mark.parametrize(
    ("cuda", "expected"),
    [(True, "cuda"), (False, "cpu")],
)
def test_the_fastest_device_there_is(monkeypatch: pytest.MonkeyPatch, cuda: bool, expected: str) -> None:
    machine(monkeypatch, cuda=cuda, bfloat16=True)
    assert pick_device() == torch.device(expected)


@pytest.mark.parametrize(
    ("device", "bfloat16", "expected"),
    [
        ("cuda", True, torch.bfloat16),
        ("cuda", False, torch.float32),
        ("cpu", True, torch.bfloat16),
        ("cpu", False, torch.float32),
    ],
)
def test_auto_is_bfloat16_where_the_hardware_itself_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, device: str, bfloat16: bool, expected: torch.dtype
) -> None:
    machine(monkeypatch, cuda=device == "cuda", bfloat16=bfloat16)
    assert pick_dtype("auto", torch.device(device)) == expected


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_named_type_is_taken_at_its_word(device: str) -> None:
    assert pick_dtype("float32", torch.device(device)) == torch.float32
    assert pick_dtype("bfloat16", torch.device(device)) == torch.bfloat16


def test_this_machine_has_an_answer() -> None:
    """The probes exist in the installed torch, on this processor."""
    assert pick_dtype("auto", pick_device()) in {torch.float32, torch.bfloat16}
