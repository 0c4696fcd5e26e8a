"""The kinds of export: how each is written, and how it is loaded again."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from whet.errors import UserError, did_you_mean
from whet.export import adapter, gguf_file, gguf_reading, hf_folder
from whet.export.modelfile import GGUF, MODELFILE, modelfile
from whet.export.subject import Subject
from whet.export.weight_types import TYPES, WeightType, weight_type
from whet.text import Log


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of export."""

    name: str
    suffix: str
    """How its file ends; empty for a folder."""
    write: Callable[[Subject, Path, WeightType | None, Log], None]
    load: Callable[[Subject, Path, Log], Any]
    """Returns a model in float32."""
    gguf: str | None = None
    """The GGUF file in it: empty for the export itself, None for no such file."""
    types: tuple[str, ...] = ("f32", "f16", "bf16")
    default: str | None = None
    """Its type of weights unless one is asked for; None keeps them as they are."""
    copies: int = 1
    """How many times the weights lie on the disk while it is written and checked."""

    def gguf_file(self, path: Path) -> Path | None:
        """Returns the GGUF file of an export at `path`."""
        return None if self.gguf is None else path / self.gguf if self.gguf else path

    def type_of(self, name: str | None) -> WeightType | None:
        """Returns the type of weights asked for, or the default. Raises `UserError` for one that it has not."""
        wanted = name or self.default
        if wanted is None:
            return None
        found = weight_type(wanted)
        if wanted not in self.types:
            has = (
                f"--kind {self.name} has {', '.join(self.types)}" if self.types else "adapters are written as they are"
            )
            raise UserError(f"--type: is {wanted}; {has}")
        return found


def _write_folder(subject: Subject, path: Path, kind: WeightType | None, log: Log) -> None:
    hf_folder.write_folder(subject.folder, path, kind)


def _load_folder(subject: Subject, path: Path, log: Log) -> Any:
    return hf_folder.load_folder(path)


def _write_zip(subject: Subject, path: Path, kind: WeightType | None, log: Log) -> None:
    folder = path.parent / "unpacked"
    hf_folder.write_folder(subject.folder, folder, kind)
    hf_folder.write_zip(folder, path, subject.name)
    shutil.rmtree(folder)


def _load_zip(subject: Subject, path: Path, log: Log) -> Any:
    with TemporaryDirectory(dir=path.parent) as work:
        return hf_folder.load_folder(hf_folder.unpack(path, Path(work)))


def _write_gguf(subject: Subject, path: Path, kind: WeightType | None, log: Log) -> None:
    gguf_file.write_gguf(subject.folder, path, kind or TYPES["f16"], subject.name)


def _load_gguf(subject: Subject, path: Path, log: Log) -> Any:
    return gguf_reading.load_gguf(path, subject.settings)


def _write_ollama(subject: Subject, path: Path, kind: WeightType | None, log: Log) -> None:
    text = modelfile(subject)
    path.mkdir()
    (path / MODELFILE).write_text(text, encoding="utf-8")
    _write_gguf(subject, path / GGUF, kind, log)


def _load_ollama(subject: Subject, path: Path, log: Log) -> Any:
    return _load_gguf(subject, path / GGUF, log)


def _write_adapter(subject: Subject, path: Path, kind: WeightType | None, log: Log) -> None:
    adapter.write_adapters(subject, path, log)


def _load_adapter(subject: Subject, path: Path, log: Log) -> Any:
    assert subject.config is not None  # adapters are written for runs only
    return adapter.load_adapters(path, subject.config, log)


GGUF_TYPES = ("f16", "bf16", "q8_0", "f32")

KINDS: Mapping[str, Kind] = {
    row.name: row
    for row in (
        Kind("hf", "", _write_folder, _load_folder),
        Kind("zip", ".zip", _write_zip, _load_zip, copies=2),
        Kind("gguf", ".gguf", _write_gguf, _load_gguf, "", GGUF_TYPES, "f16"),
        Kind("ollama", "", _write_ollama, _load_ollama, GGUF, GGUF_TYPES, "f16"),
    )
}
"""By the name that `--kind` takes."""

ADAPTER = Kind("adapter", "", _write_adapter, _load_adapter, types=())


def kind_of(name: str | None, target: Path, adapters: bool) -> Kind:
    """Returns the kind asked for; without one, that of the target's suffix, or a folder.

    Raises `UserError` for another name, or adapters as another kind than a folder.
    """
    if adapters:
        if name not in (None, "hf"):
            raise UserError(f"--adapter: is a folder, not --kind {name}; leave one of them out")
        return ADAPTER
    if name is None:
        return next((kind for kind in KINDS.values() if kind.suffix == target.suffix), KINDS["hf"])
    if name not in KINDS:
        raise UserError(f"--kind: is {name!r}; it must be one of {', '.join(KINDS)}{did_you_mean(name, KINDS)}")
    return KINDS[name]
