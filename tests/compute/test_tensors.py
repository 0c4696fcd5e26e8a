"""Named tensors ↔ one safetensors file."""

from pathlib import Path

import pytest
import torch

from whet.compute.tensors import load_tensors, on_host


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.uint8, torch.bool])
def test_every_type_comes_back_bit_for_bit(tmp_path: Path, dtype: torch.dtype) -> None:
    tensors = {"a": torch.arange(6).reshape(2, 3).to(dtype), "scalar": torch.tensor(1).to(dtype)}
    on_host(tensors).write(tmp_path / "t.safetensors")
    back = load_tensors(tmp_path / "t.safetensors")
    assert back.keys() == tensors.keys()
    assert all(back[name].dtype == dtype and torch.equal(back[name], tensors[name]) for name in tensors)


def test_awkward_tensors_come_back(tmp_path: Path) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    leaf = torch.nn.Parameter(torch.ones(2))
    empty = {"e1": torch.zeros(0), "e2": torch.zeros(0, 3)}
    tensors = {"transposed": base.T, "slice": base[:, 1:3], "row": base[1], "leaf": leaf, **empty}
    on_host(tensors).write(tmp_path / "t.safetensors")
    back = load_tensors(tmp_path / "t.safetensors")
    assert back.keys() == tensors.keys()
    assert all(torch.equal(back[name], tensors[name].detach()) for name in tensors)


def test_one_tensor_by_two_names_is_stored_once_and_shared_again(tmp_path: Path) -> None:
    weight = torch.randn(256, 256)
    on_host({"head": weight, "embedding": weight}).write(tmp_path / "once.safetensors")
    on_host({"head": weight, "embedding": weight.clone()}).write(tmp_path / "twice.safetensors")
    once, twice = ((tmp_path / f"{name}.safetensors").stat().st_size for name in ("once", "twice"))
    assert twice - once > 256 * 256 * 4 - 1000
    back = load_tensors(tmp_path / "once.safetensors")
    assert torch.equal(back["head"], weight)
    assert back["head"].data_ptr() == back["embedding"].data_ptr()


def test_equal_tensors_give_equal_bytes_in_any_order(tmp_path: Path) -> None:
    one, two = torch.randn(3), torch.randn(4)
    on_host({"a": one, "b": two}).write(tmp_path / "1")
    on_host({"b": two.clone(), "a": one.clone()}).write(tmp_path / "2")
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
