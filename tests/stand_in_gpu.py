"""A GPU's stand-ins: meta tensors, whose numbers the host cannot read, and a recorder that replays on a CPU."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from whet.rollout.engine.cuda_graph import Work
from whet.rollout.engine.operations import TORCH

VIEWS = frozenset(
    {
        *("view", "_unsafe_view", "transpose", "permute", "expand", "slice", "select", "unsqueeze", "squeeze", "split"),
        *("split_with_sizes", "unbind", "detach", "t", "alias", "as_strided", "_reshape_alias", "chunk", "lift_fresh"),
        *("empty", "empty_like", "new_empty", "unflatten", "is_same_size", "empty_strided", "new_empty_strided"),
    }
)
"""Operations that start no kernel."""

ON_META = replace(TORCH, fetch=lambda tensors: lambda: tensors)


class OneDevice(TorchDispatchMode):
    """Fails where an operation but a copy takes tensors of several devices; meta tensors fail by themselves where the
    host would wait for a number."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        tensors = [x for x in tree_flatten((args, kwargs or {}))[0] if isinstance(x, Tensor)]
        if len({x.device.type for x in tensors if x.ndim}) > 1:
            name = function._schema.name
            assert name in ("aten::_to_copy", "aten::copy_"), f"{name} mixes devices"
        return function(*args, **(kwargs or {}))


class Launches(TorchDispatchMode):
    """Counts the operations that would start a kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function._schema.name.split("::")[1]
        if name not in VIEWS:
            self.counts[name] += 1
        return function(*args, **(kwargs or {}))


class Recorder:
    """Plays `Record` on a CPU: the work is done on the way and at every replay, on the same tensors."""

    def __init__(self) -> None:
        self.recorded = 0

    def __call__(self, work: Work) -> Work:
        self.recorded += 1
        work()
        return work


def addresses(tensors: Sequence[Tensor]) -> list[int]:
    """Where tensors lie."""
    return [tensor.data_ptr() for tensor in tensors]
