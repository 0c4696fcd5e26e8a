"""Saves and loads named tensors as one safetensors file, tied weights included."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class HostTensors:
    """Named tensors on the CPU, ready to be written: each stored once, whatever names it goes by."""

    kept: "Mapping[str, Tensor]"
    aliases: Mapping[str, str]
    """Name → the name that its tensor is kept under."""
    are_apart: bool
    """Whether none of them shares memory with what they were made of."""

    def write(self, path: Path) -> None:
        """Writes them to `path`. Equal tensors under equal names give equal bytes."""
        from safetensors.torch import save_file

        save_file(dict(self.kept), path, metadata={"aliases": json.dumps(self.aliases, sort_keys=True)})


def on_host(tensors: "Mapping[str, Tensor]") -> HostTensors:
    """Returns the tensors on the CPU: copies of those on a device, the others as they are.

    One that goes by several names, as tied embeddings do, is there once.
    """
    first: dict[object, str] = {}
    aliases = {}
    for name, tensor in tensors.items():
        owner = first.setdefault(_identity(tensor, name), name)
        if owner != name:
            aliases[name] = owner
    kept = {name: _own(tensors[name]) for name in first.values()}
    are_apart = all(kept[name].data_ptr() != tensors[name].data_ptr() for name in kept if kept[name].numel())
    return HostTensors(kept, aliases, are_apart)


def load_tensors(path: Path) -> "dict[str, Tensor]":
    """Loads what `HostTensors.write` wrote to `path`, to the CPU; aliases share one tensor again."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        aliases = json.loads((file.metadata() or {}).get("aliases", "{}"))
    return tensors | {name: tensors[owner] for name, owner in aliases.items()}


def _identity(tensor: "Tensor", name: str) -> object:
    """A key that is equal for two names of one tensor. Empty tensors have no storage to compare, so never are."""
    if tensor.numel() == 0:
        return name
    return tensor.data_ptr(), tensor.device, tensor.dtype, tuple(tensor.shape), tensor.stride()


def _own(tensor: "Tensor") -> "Tensor":
    """A copy of `tensor` on the CPU, contiguous and in storage of its own, as safetensors requires."""
    plain = tensor.detach().cpu().contiguous()
    shares = plain.untyped_storage().nbytes() != plain.numel() * plain.element_size()
    return plain.clone() if shares else plain
