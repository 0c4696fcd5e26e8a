"""Reads a model folder: settings, weights one at a time, and how its tokenizer begins a text and ends a turn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.chat_template import ChatTemplate
from whet.models.load import load_tokenizer
from whet.models.quiet import quiet

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class TokenizerFacts:
    """What a tokenizer does, as found by trying it."""

    starts_with_bos: bool
    """Whether a text begins with the start token."""
    turn_end: int | None
    """The id of the token that ends an assistant's turn."""


def settings_of(folder: Path) -> dict[str, Any]:
    """Returns the configuration of the model in `folder` as transformers reads it, defaults included."""
    from transformers import AutoConfig

    with quiet():
        found: dict[str, Any] = AutoConfig.from_pretrained(folder, local_files_only=True).to_dict()
    return found


def tokenizer_of(folder: Path) -> TokenizerFacts:
    """Tries the tokenizer of the model in `folder`."""
    tokenizer = load_tokenizer(str(folder))
    start = tokenizer.bos_token_id
    begins = start is not None and tokenizer.encode("a")[:1] == [start]
    return TokenizerFacts(begins, ChatTemplate(tokenizer).turn_end)


def tensors_of(folder: Path) -> "Iterator[tuple[str, tuple[int, ...], Callable[[], Tensor]]]":
    """Yields name, shape and a function that reads it, for each weight of a folder, by file and name."""
    from safetensors import safe_open

    for path in sorted(folder.glob("*.safetensors")):
        file: Any
        with safe_open(path, framework="pt") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in sorted(file.keys())}
        for name, shape in shapes.items():
            yield name, shape, _reader(path, name)


def stored_type(folder: Path) -> str:
    """Returns torch's name of the type of a folder's matrices; the widest where they differ."""
    from safetensors import safe_open

    found = set()
    for path in sorted(folder.glob("*.safetensors")):
        file: Any
        with safe_open(path, framework="pt") as file:
            found |= {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    return "float32" if len(found) != 1 else TYPES.get(found.pop(), "float32")


TYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""safetensors' names → torch's."""


def _reader(path: Path, name: str) -> "Callable[[], Tensor]":
    def read() -> "Tensor":
        from safetensors import safe_open

        file: Any
        with safe_open(path, framework="pt") as file:
            tensor: Tensor = file.get_tensor(name)
        return tensor

    return read
