"""Which model folders are refused before anything of them is loaded: pickles, code, what cannot be trained.

A folder is data. Weights are safetensors, never pickles, and no code that comes along is ever run.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from whet.errors import UserError

PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
"""Weights in these can run code when opened."""

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"

CONFIGS = ("config.json", "tokenizer_config.json", "generation_config.json", "processor_config.json")

KERNELS = ("attn_implementation", "experts_implementation")
"""Settings that can name code on the hub, as `owner/repository`."""


def check_folder(folder: Path) -> None:
    """Passes over a model folder that is safe and whole.

    Raises `UserError` with the reason and the mend for the first of `REFUSALS` that applies. Reads small JSON
    files only, so that it answers at once.
    """
    for refusal in REFUSALS:
        if reason := refusal(folder):
            raise UserError(f"model.name: {folder} is refused: {reason}")


def _no_config(folder: Path) -> str:
    if (folder / "config.json").is_file():
        return ""
    found = sorted(path.name for path in folder.glob("*.gguf"))
    if found:
        return f"it has no config.json; name its GGUF file itself: {folder / found[0]}"
    return "it has no config.json; name a folder written by `save_pretrained`"


def _adapter(folder: Path) -> str:
    if (folder / "adapter_config.json").is_file():
        return "it holds an adapter, not a whole model; merge the adapter into its base first"
    return ""


def _code(folder: Path) -> str:
    for name in CONFIGS:
        if "auto_map" in _json(folder / name):
            what = "asks to run code that comes with the model (`auto_map`), which Whet never does"
            return f"{name} {what}; take `auto_map` out to use transformers' own implementation"
    return ""


def _kernels(folder: Path) -> str:
    for key, value in _json(folder / "config.json").items():
        if key.lstrip("_").startswith(KERNELS) and "/" in str(value):
            return f"config.json asks to run code from the hub (`{key}`), which Whet never does; take it out"
    return ""


def _pickles(folder: Path) -> str:
    found = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
    if not found or any(folder.glob("*.safetensors")):
        return ""
    mend = "save the model as safetensors (`save_pretrained` does)"
    return f"its weights are pickles ({found[0]}), which can run code when opened; {mend}"


def _no_weights(folder: Path) -> str:
    if any((folder / name).is_file() for name in (WEIGHTS, INDEX)):
        return ""
    return f"it has no weights ({WEIGHTS}); name a folder written by `save_pretrained`"


def _no_shard(folder: Path) -> str:
    weight_map = _json(folder / INDEX).get("weight_map")
    if (folder / WEIGHTS).is_file() or not isinstance(weight_map, dict):
        return ""
    shards = set(weight_map.values())
    strange = sorted(str(s) for s in shards if not str(s).endswith(".safetensors") or Path(str(s)).name != s)
    if strange:
        return f"{INDEX} names {strange[0]!r}, no safetensors file of this folder; save the model anew"
    absent = sorted(shard for shard in shards if not (folder / shard).is_file())
    return f"{absent[0]} is missing; copy or download the model again" if absent else ""


def _quantised(folder: Path) -> str:
    record = _json(folder / "config.json").get("quantization_config")
    if not isinstance(record, dict):
        return ""
    method = record.get("quant_method", "unknown method")
    mend = "name the full-precision model, which `model.lora.bits: 4` keeps in four bits"
    return f"its weights are quantised ({method}) and cannot be trained; {mend}"


def _no_tokenizer(folder: Path) -> str:
    if any((folder / name).is_file() for name in TOKENIZERS):
        return ""
    return "it has no tokenizer (tokenizer.json); save the tokenizer into the same folder"


REFUSALS: tuple[Callable[[Path], str], ...] = (
    _no_config,
    _adapter,
    _code,
    _kernels,
    _pickles,
    _no_weights,
    _no_shard,
    _quantised,
    _no_tokenizer,
)
"""Each says why a folder is refused and how to mend it, or nothing; the first that speaks is reported."""

PARTS = (_no_config, _no_weights, _no_shard, _no_tokenizer)
"""Those that speak where something is missing, as after a download that broke off."""


def is_whole(folder: Path) -> bool:
    """Whether everything that a model folder needs is there, safe or not."""
    return not any(refusal(folder) for refusal in PARTS)


def _json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is no such file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError, OSError) as error:
        mend = "download or save it again"
        raise UserError(f"model.name: {path} is not readable JSON ({error}); {mend}") from error
    return found if isinstance(found, dict) else {}
