"""Many tensors travel in one copy, and arrive as they were."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from whet.transfer import moved

META, CPU = torch.device("meta"), torch.device("cpu")


class Copies(TorchDispatchMode):
    """Counts copies from one device to another."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = operator(*args, **(kwargs or {}))
        if operator._schema.name == "aten::_to_copy":
            self.count += args[0].device != out.device
        return out


def values() -> list[Any]:
    return [
        torch.tensor([1, -2, 3]),
        torch.tensor([[True, False, True]]),
        7,
        torch.tensor([0.5, 2.5, 3.5]),
        None,
        torch.tensor([], dtype=torch.long),
        torch.tensor(4, dtype=torch.int32),
    ]


def test_all_of_them_in_one_copy() -> None:
    with Copies() as copies:
        found = moved(values(), META)
    assert copies.count == 1
    for before, after in zip(values(), found, strict=True):
        if isinstance(before, torch.Tensor):
            assert (after.device, after.dtype, after.shape) == (META, before.dtype, before.shape)
        else:
            assert after == before


def test_values_arrive_as_they_were() -> None:
    """Seen through a stand-in for another device: the buffer is read back on the CPU."""

    class Elsewhere:
        type = "elsewhere"

        def __eq__(self, other: object) -> bool:
            return False

        __hash__ = object.__hash__

    real = torch.Tensor.to
    try:
        torch.Tensor.to = lambda self, device, **_: self.clone()  # type: ignore[method-assign,assignment]
        found = moved(values(), Elsewhere())  # type: ignore[arg-type]
    finally:
        torch.Tensor.to = real  # type: ignore[method-assign]
    for before, after in zip(values(), found, strict=True):
        assert torch.equal(before, after) if isinstance(before, torch.Tensor) else before == after


def test_what_is_there_already_stays() -> None:
    some = values()
    assert all(before is after for before, after in zip(some, moved(some, CPU), strict=True))
