"""Writes a model as a folder that `AutoModelForCausalLM.from_pretrained` loads, and as a zip file of it."""

import json
import shutil
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from whet.export.weight_types import WeightType
from whet.models.hub import UNWANTED, WANTED
from whet.models.portable import make_portable
from whet.models.quiet import quiet

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can state: the same files make the same bytes."""

PLAIN_FILE = 0o100644 << 16


def write_folder(folder: Path, path: Path, kind: WeightType | None) -> None:
    """Writes the model in `folder` to the new folder `path`; its weights as they are, or as `kind`."""
    path.mkdir()
    for name in sorted(_wanted(folder)):
        shutil.copyfile(folder / name, path / name)
    if kind and kind.torch:
        _convert(folder, path, kind.torch)
    if _is_new(path):
        make_portable(path, folder)


def write_zip(folder: Path, path: Path, name: str) -> None:
    """Packs the files of `folder` into `path` under the folder `name`: stored, in order, without times of its own."""
    with ZipFile(path, "w", ZIP_STORED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                entry = ZipInfo(f"{name}/{file.relative_to(folder).as_posix()}", EPOCH)
                entry.external_attr = PLAIN_FILE
                with file.open("rb") as source, archive.open(entry, "w", force_zip64=True) as packed:
                    shutil.copyfileobj(source, packed, 2**20)


def unpack(path: Path, folder: Path) -> Path:
    """Unpacks a file that `write_zip` wrote into `folder`; returns the model folder."""
    with ZipFile(path) as archive:
        archive.extractall(folder)
    return next(folder.iterdir())


def load_folder(folder: Path) -> Any:
    """Loads a model folder with transformers, in float32."""
    import torch
    from transformers import AutoModelForCausalLM

    with quiet():
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()


def _wanted(folder: Path) -> set[str]:
    """The names of a model folder's own files: no adapters, pickles, code or folders."""
    found = {path.name for pattern in WANTED for path in folder.glob(pattern) if path.is_file()}
    return {name for name in found if not any(Path(name).match(pattern) for pattern in UNWANTED if "/" not in pattern)}


def _is_new(folder: Path) -> bool:
    """Whether transformers 5 wrote the folder: older programs read what older versions wrote as it is."""
    written = json.loads((folder / "config.json").read_text("utf-8")).get("transformers_version")
    return int(str(written or 0).partition(".")[0]) >= 5


def _convert(folder: Path, path: Path, torch_name: str) -> None:
    """Writes the weights anew in another type."""
    import torch
    from transformers import AutoModelForCausalLM

    for file in [*path.glob("*.safetensors"), *path.glob("*.safetensors.index.json")]:
        file.unlink()
    with quiet():
        dtype = getattr(torch, torch_name)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True)
        model.save_pretrained(path)
