"""The learner on meta tensors, which stand for a GPU's: no operation mixes devices or waits, little is copied, and the
number of kernels only falls (T2, T3)."""

from collections import Counter
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import tiny
from batches import ragged_batch
from whet.compute.optimizer import MasterAdamW
from whet.config import GrpoConfig, ObjectiveConfig, OptimizerConfig
from whet.config.objectives import ROWS
from whet.grpo.objective import Normaliser
from whet.grpo.update import score
from whet.policy import attention as table
from whet.policy.activations import bytes_per_token
from whet.policy.forward import shared_prefix, shared_prefix_with_entropies
from whet.policy.language_model import LanguageModel
from whet.sft.examples import Example, Examples
from whet.sft.supervised import _nll

MOVES = ("aten::_to_copy", "aten::copy_")

COPIES = 3
"""Copies to the device in a micro-batch at most: its indices and the batch's own tensors."""

CEILINGS = {"grid": (60, 115), "varlen": (40, 97)}
"""By attention, kernels of a layer at most, forward and backward; only to be lowered."""


class StandIn(TorchDispatchMode):
    """Meta tensors stand for a GPU's: an operation on both devices raises, as one does whose result the host reads."""

    def __init__(self) -> None:
        super().__init__()
        self.copies = 0

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        tensors = [x for x in tree_leaves((args, kwargs or {})) if isinstance(x, torch.Tensor)]
        devices, name = {x.device.type for x in tensors if x.ndim}, operator._schema.name
        if len(devices) > 1 and name not in MOVES:
            raise AssertionError(f"{name} mixes devices")
        out = operator(*args, **(kwargs or {}))
        moved = (
            isinstance(out, torch.Tensor) and out.device.type == "meta" and "cpu" in {x.device.type for x in tensors}
        )
        self.copies += moved and name in MOVES and tensors[-1].ndim > 0
        return out


VIEWS = frozenset(
    (
        *("view", "_unsafe_view", "transpose", "permute", "expand", "slice", "select", "unsqueeze", "squeeze", "split"),
        *("split_with_sizes", "unbind", "detach", "t", "alias", "as_strided", "_reshape_alias", "chunk", "lift_fresh"),
        *("empty", "empty_like", "new_empty", "unflatten", "is_same_size", "empty_strided", "new_empty_strided"),
        *("set_", "resize_"),
    )
)
"""Operations that launch no kernel."""


class Kernels(TorchDispatchMode):
    """Counts operations that launch a kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: Counter[str] = Counter()

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = operator._schema.name.split("::")[1]
        self.counted[name] += name not in VIEWS
        return operator(*args, **(kwargs or {}))


@pytest.fixture(params=["grid", "varlen"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name = str(request.param)
    # soft caps go to their grid, as on a card
    monkeypatch.setattr(table, "ROWS", {"meta": ((name, lambda wanted: not wanted.has_soft_cap),)})
    return name


def on_meta(family: str, layers: int = 2) -> Any:
    with torch.device("meta"):
        return tiny.tiny_model(family, dtype=torch.bfloat16, num_hidden_layers=layers)


BATCH = ragged_batch([4, 7], [[3, 6, 2], [5, 8]])


@pytest.mark.parametrize("family", tiny.FAMILIES)
@pytest.mark.parametrize("forward", [shared_prefix, shared_prefix_with_entropies])
def test_nothing_mixes_devices_or_waits(family: str, forward: Any, way: str) -> None:
    model = on_meta(family)
    bytes_per_token(model, lean=True)  # counted once for each model
    with StandIn() as stand_in:
        found = forward(model, BATCH, 0.7)
        first = found[0] if isinstance(found, tuple) else found
        first.sum().backward()
    assert {weight.grad.device.type for weight in model.parameters()} == {"meta"}
    assert stand_in.copies == 1


@pytest.mark.parametrize("row", ROWS)
def test_a_micro_batch_takes_few_copies_and_never_waits(row: str, way: str) -> None:
    """Forward, objective and backward of a step: what the host needs to know of lengths it reads on the CPU."""
    policy = LanguageModel(on_meta("qwen2"), None)
    config = GrpoConfig(objective=ObjectiveConfig.model_validate({"name": row}))
    optimizer = MasterAdamW(policy.trainable(), OptimizerConfig(), 1)
    normaliser = Normaliser.of(BATCH, 8)
    bytes_per_token(policy.model, lean=True)
    with StandIn() as stand_in:
        (scored,) = optimizer.accumulate([BATCH], lambda part: score(policy, normaliser, config, part))
    assert stand_in.copies <= COPIES
    assert scored.batch.mask_BT.device.type == "cpu"
    assert {master.grad.device.type for master in optimizer.masters if master.grad is not None} == {"meta"}


def test_the_warm_start_mixes_no_devices() -> None:
    policy = LanguageModel(on_meta("qwen2"), None)
    bytes_per_token(policy.model, lean=True)
    with StandIn() as stand_in:
        _nll(policy, Examples([Example((4, 5, 6), (7, 8)), Example((9,), (4, 4, 4))]), 5).backward()
    assert stand_in.copies <= COPIES


def test_the_stand_in_finds_what_it_is_for() -> None:
    meta, cpu = torch.ones(2, 2, device="meta"), torch.ones(2, 2)
    with StandIn() as stand_in:
        with pytest.raises(AssertionError, match="mixes devices"):
            meta @ cpu
        with pytest.raises(RuntimeError):
            meta.sum().item()
        cpu.to("meta")
    assert stand_in.copies == 1


@pytest.mark.parametrize("family", ["qwen2"])
def test_kernels_of_a_layer_only_fall(family: str, way: str) -> None:
    """What a third layer adds to two."""
    forwards, backwards = [], []
    for layers in (2, 3):
        model = on_meta(family, layers)
        bytes_per_token(model, lean=True)
        with Kernels() as forward:
            logprobs = shared_prefix(model, BATCH, 1.0).sum()
        with Kernels() as backward:
            logprobs.backward()
        forwards.append(sum(forward.counted.values()))
        backwards.append(sum(backward.counted.values()))
    found = forwards[1] - forwards[0], backwards[1] - backwards[0]
    assert found[0] <= CEILINGS[way][0], found
    assert found[1] <= CEILINGS[way][1], found
