"""Divides the weights of a model among the processes of a run: FSDP2, `torch.distributed.fsdp.fully_shard`.

Each layer is a group of weights that is gathered before its forward and its backward, and given back after them. The
embedding, the final norm and the head are one group, because the head may be the embedding. Gradients are summed, not
averaged: a loss is divided by the counts of the whole batch already.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from whet.models.divided_rows import is_shard, whole_tensors
from whet.models.weights import base_model, body

if TYPE_CHECKING:
    from torch import Tensor

_SHELLS: "WeakKeyDictionary[Any, Any]" = WeakKeyDictionary()
"""By divided model: a copy of it, as it was before, whose weights have no memory."""


def shard(model: Any, mesh: Any) -> Any:
    """Divides the frozen and the trained weights of `model` among the processes of `mesh`, in place; returns it.

    Adapters stay whole in each process: they are small. Weights are moved to the mesh's device, a group at a time.
    """
    from torch.distributed.fsdp import FSDPModule, fully_shard

    _SHELLS[model] = _shell(model)
    base, decoder = base_model(model), body(model)
    how = {"mesh": mesh, "reshard_after_forward": True, "ignored_params": set(_adapters(model))}
    for layer in decoder.layers:
        fully_shard(layer, **how)
    fully_shard([decoder.embed_tokens, decoder.norm, model.get_output_embeddings()], **how)
    fully_shard(base, **how)
    for module in base.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)  # gloo has no sum with a factor
    model.to(mesh.device_type)  # what is not divided: buffers and adapters
    return model


def is_sharded(model: Any) -> bool:
    """Whether `shard` has divided the weights of a model."""
    return model in _SHELLS


@contextmanager
def whole(module: Any) -> Iterator[None]:
    """In the block a module of a divided model has its whole weights, in every process; a plain module has anyway.

    All processes of the mesh enter it together.
    """
    gathers = hasattr(module, "unshard")
    if gathers:
        module.unshard()
    try:
        yield
    finally:
        if gathers:
            module.reshard()


def whole_copy(model: Any, keep: bool = True) -> Any:
    """Returns a copy of a divided model on the CPU, whole; None unless `keep`. All processes call it together."""
    gathered = whole_tensors(dict(model.named_parameters()), keep)
    if not keep:
        return None
    copy, made = deepcopy(_SHELLS[model]), dict[int, Any]()
    for name, empty in list(copy.named_parameters(remove_duplicate=False)):  # tied weights have several names
        made[id(empty)] = made[id(empty)] if id(empty) in made else _parameter(gathered[name], empty.requires_grad)
        place, _, last = name.rpartition(".")
        setattr(copy.get_submodule(place), last, made[id(empty)])
    return copy


def copied(model: Any) -> Any:
    """Returns a copy of a model, divided as it is."""
    if not is_sharded(model):
        return deepcopy(model)
    mesh = next(weight.device_mesh for weight in model.parameters() if is_shard(weight))
    return shard(whole_copy(model), mesh)


def _parameter(weight: "Tensor", learns: bool) -> Any:
    from torch.nn import Parameter

    return Parameter(weight.detach().cpu().clone(), requires_grad=learns)


def _adapters(model: Any) -> "Iterator[Tensor]":
    """The weights that lie beside those of a frozen model."""
    return (weight for weight in model.parameters() if weight.requires_grad and hasattr(model, "peft_config"))


def _shell(model: Any) -> Any:
    """A copy of a model with weights on no device, tied as they are."""
    from torch.nn import Parameter

    empty = {id(one): Parameter(one.detach().to("meta"), requires_grad=one.requires_grad) for one in model.parameters()}
    return deepcopy(model, empty)
