"""`whet export`: writes a model for other programs, loads it again, and compares it with the original."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.errors import UserError
from whet.export import llama_cpp
from whet.export.bounds import ARITHMETIC, BRAIN, EXACT, Bound, refuse_past
from whet.export.difference import Difference, difference, distributions
from whet.export.gguf_family import family_of
from whet.export.hf_folder import load_folder
from whet.export.kinds import ADAPTER, Kind, kind_of
from whet.export.model_files import stored_type
from whet.export.place import refuse_full, refuse_place, staged
from whet.export.subject import Subject, find_subject, refuse_without_run
from whet.export.weight_types import WeightType
from whet.models.slow_work import report_while_running
from whet.text import Log, silent


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that is written, and what its checks found."""

    name: str
    path: Path
    kind: str
    type: str
    """Of the weights."""
    bytes: int
    difference: Difference
    bound: Bound
    same_tokens: int | None
    """How many of `llama_cpp.TEXTS` texts llama.cpp cuts alike; None where it was not asked."""
    system_prompt: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The result as one JSON object."""
        return {
            "name": self.name,
            "path": str(self.path),
            "kind": self.kind,
            "type": self.type,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 1),
            "difference": self.difference.as_dict(),
            "bound": {"logprob": self.bound.logprob, "kl": self.bound.kl, "top1": self.bound.top1},
            "same_tokens": self.same_tokens,
            "texts": None if self.same_tokens is None else llama_cpp.TEXTS,
            "system_prompt": self.system_prompt,
        }


def export(
    what: str,
    to: Path,
    kind: str | None = None,
    type: str | None = None,
    adapter: bool = False,
    replace: bool = False,
    log: Log = silent,
) -> Exported:
    """Exports a run, `RUN:step-N` or a model to the folder or file `to`. It is there only once it passed its checks.

    Args:
        what: a run, `RUN:step-N`, or any value of `model.name`.
        to: a folder, or a file that ends in `.zip` or `.gguf`.
        kind: `hf`, `zip`, `gguf` or `ollama`; by default as `to` ends, else `hf`.
        type: `f32`, `f16`, `bf16` or, in GGUF, `q8_0`; by default the weights' own, and `f16` in GGUF.
        adapter: the adapters alone, as peft has them, in place of the merged model.
        replace: put it in place of what is there.
        log: called with lines about the progress.

    Raises:
        UserError: there is no such model, it does not fit the kind, `to` cannot be written, or the export differs from
            the model by more than its bound.
    """
    began = time.monotonic()
    to = to.expanduser()
    row = kind_of(kind, to, adapter)
    weights = row.type_of(type)
    refuse_place(to, replace, row.suffix)
    subject = find_subject(what, log)
    if row is ADAPTER:
        refuse_without_run(subject)
    stored = stored_type(subject.folder)
    refuse_full(to, row.copies * _size(subject.folder, stored, weights))
    with staged(to) as path:
        _during(f"writing {to.name}", lambda: row.write(subject, path, weights, log), log)
        found = _during("comparing it with the model", lambda: _compared(subject, row, path, log), log)
        bound = _bound(subject, row, weights, stored)
        refuse_past(bound, found, f"{row.name} ({weights.name if weights else stored})", _fix(row))
        same = _during("comparing tokens with llama.cpp's", lambda: _same_tokens(subject, row, path, log), log)
        size = sum(file.stat().st_size for file in _files(path))
    name = weights.name if weights else stored
    took = time.monotonic() - began
    return Exported(subject.name, to, row.name, name, size, found, bound, same, subject.system_prompt, took)


def _during(what: str, work: Any, log: Log) -> Any:
    log(what)
    return report_while_running(work, what, log)


def _compared(subject: Subject, row: Kind, path: Path, log: Log) -> Difference:
    """Compares the distributions of both models, of which one is in memory at a time."""
    wanted = distributions(load_folder(subject.folder), subject.answers)
    return difference(wanted, distributions(row.load(subject, path, log), subject.answers), subject.answers)


def _bound(subject: Subject, row: Kind, weights: WeightType | None, stored: str) -> Bound:
    """How far this export may be from the model: not at all where nothing is rounded."""
    if row is ADAPTER:
        return ARITHMETIC if stored == "float32" else BRAIN  # merged weights are rounded, adapters are not
    bound = weights.bound_for(stored) if weights else EXACT
    shifted = row.gguf is not None and family_of(subject.settings).norm_shift
    return ARITHMETIC if bound is EXACT and shifted else bound


def _fix(row: Kind) -> str:
    return "Export --type f32, which loses nothing" if row.gguf is not None else "Please report it"


def _same_tokens(subject: Subject, row: Kind, path: Path, log: Log) -> int | None:
    """How many texts llama.cpp cuts alike. Raises `UserError` where some come out otherwise."""
    file = row.gguf_file(path)
    if file is None:
        return None
    if not llama_cpp.is_installed():
        log("llama.cpp was not asked whether it reads the same tokens: `pip install 'whet[gguf]'` lets it")
        return None
    texts = llama_cpp.texts_with(subject.texts)
    same = llama_cpp.same_tokens(file, subject.tokenizer, texts)
    if same < len(texts):
        what = f"llama.cpp cuts {len(texts) - same} of {len(texts)} texts into other tokens than the model's tokenizer"
        raise UserError(f"--kind: {row.name} is refused, as {what}; export --kind hf")
    return same


def _size(folder: Path, stored: str, weights: WeightType | None) -> int:
    """Bytes of the exported weights."""
    held = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    return int(held * weights.bits / {"float32": 32}.get(stored, 16)) if weights else held


def _files(path: Path) -> Iterator[Path]:
    return (file for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
