"""Results on their way to another process."""

from dataclasses import dataclass

import torch
from torch import Tensor

from whet.compute.host import on_host


@dataclass(frozen=True)
class Scored:
    loss: Tensor
    sums: dict[str, Tensor]
    parts: tuple[Tensor, ...]
    name: str


def test_tensors_leave_their_device_and_their_graph() -> None:
    meta = torch.zeros(2, device="cpu", requires_grad=True) * 2
    found = on_host(Scored(meta, {"kl": meta}, (meta,), "a"))
    assert found.name == "a"
    for tensor in (found.loss, found.sums["kl"], found.parts[0]):
        assert tensor.device.type == "cpu"
        assert not tensor.requires_grad


def test_what_holds_no_tensor_is_equal() -> None:
    assert on_host([1.5, ("a", None), {"b": 2}]) == [1.5, ("a", None), {"b": 2}]
