"""Which model folders are refused before anything of them is loaded: pickles, code, what cannot be trained.

A folder is data. Weights are safetensors, never pickles, and no code that comes along is ever run. No setting changes
that: a folder that needs its own code is fixed, not trusted.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from whet.errors import UserError
from whet.models.headers import contents_of
from whet.models.template import fault_of

PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
"""Weights in these can run code when opened."""

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"

CONFIGS = ("config.json", "tokenizer_config.json", "generation_config.json", "processor_config.json")

TEMPLATES = ("chat_template.jinja", "additional_chat_templates/*.jinja")

LONGEST_JSON = 64 * 2**20
"""Bytes of a JSON file that says how a model is made; indices of the largest models have a few million."""

KERNELS = ("attn_implementation", "experts_implementation")
"""Settings that can name code on the hub, as `owner/repository`."""

LAYERS = {"num_hidden_layers", "num_layers", "n_layer", "n_layers", "decoder_layers", "encoder_layers"}
"""Settings that count layers, each of which has weights of its own."""

WIDTHS = {
    *("hidden_size", "intermediate_size", "vocab_size", "head_dim", "num_attention_heads", "num_key_value_heads"),
    *("num_experts", "num_local_experts", "n_routed_experts", "n_embd", "n_inner", "n_head", "d_model", "ffn_dim"),
}
"""Settings that are a dimension of some weight, or less."""

POSITIONS = {"max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "max_sequence_length", "seq_length"}

MOST_POSITIONS = 2**24
"""The longest contexts there are have ten million tokens."""


def check_folder(folder: Path) -> None:
    """Passes over a model folder that is safe and whole.

    Raises `UserError` with the reason and the fix for the first of `REFUSALS` that applies. Reads small JSON
    files and the headers of weights only, so that it answers at once.
    """
    for refusal in REFUSALS:
        if reason := refusal(folder):
            raise UserError(f"model.name: {folder} is refused: {reason}")


def weight_files(folder: Path) -> list[Path]:
    """The files that the weights of a folder are loaded from."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    return [folder / name for name in sorted(set(_json(folder / INDEX).get("weight_map", {}).values()))]


def _foreign(folder: Path) -> str:
    """A snapshot in the hub's cache is made of links to the blobs beside it; no other folder has a reason for links."""
    home = folder.resolve()
    inside = home.parents[1] if home.parent.name == "snapshots" else home
    for path in (*sorted(folder.iterdir()), *sorted(folder.glob(TEMPLATES[1]))):
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            return f"{path.name} is a link out of the folder; put the file itself there"
        if path.exists() and not (path.is_file() or path.is_dir()):
            return f"{path.name} is no file; take it out"
    return ""


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
        if any(key == "auto_map" for key, _ in _settings(_json(folder / name))):
            what = "asks to run code that comes with the model (`auto_map`), which Whet never does"
            return f"{name} {what}; take `auto_map` out to use transformers' own implementation"
    return ""


def _kernels(folder: Path) -> str:
    for key, value in _settings(_json(folder / "config.json")):
        if key.lstrip("_").startswith(KERNELS) and "/" in str(value):
            return f"config.json asks to run code from the hub (`{key}`), which Whet never does; take it out"
    return ""


def _elsewhere(folder: Path) -> str:
    name = _json(folder / "config.json").get("transformers_weights")
    if name in (None, WEIGHTS, INDEX):
        return ""
    return f"config.json takes its weights from {str(name)[:80]!r} (`transformers_weights`); take that setting out"


def _pickles(folder: Path) -> str:
    found = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
    if not found or any(folder.glob("*.safetensors")):
        return ""
    fix = "save the model as safetensors (`save_pretrained` does)"
    return f"its weights are pickles ({found[0]}), which can run code when opened; {fix}"


def _no_weights(folder: Path) -> str:
    if any((folder / name).is_file() for name in (WEIGHTS, INDEX)):
        return ""
    return f"it has no weights ({WEIGHTS}); name a folder written by `save_pretrained`"


def _no_shard(folder: Path) -> str:
    if (folder / WEIGHTS).is_file():
        return ""
    weight_map = _json(folder / INDEX).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        return f"{INDEX} names no weights (`weight_map`); save the model anew"
    shards = set(map(str, weight_map.values()))
    strange = sorted(shard for shard in shards if not shard.endswith(".safetensors") or Path(shard).name != shard)
    if strange:
        return f"{INDEX} names {strange[0]!r}, no safetensors file of this folder; save the model anew"
    absent = sorted(shard for shard in shards if not (folder / shard).is_file())
    return f"{absent[0]} is missing; copy or download the model again" if absent else ""


def _unsound(folder: Path) -> str:
    """Weights that are none, and a configuration that asks for more than they have."""
    try:
        held = contents_of(weight_files(folder))
    except ValueError as error:
        return f"{error}; save the model as safetensors (`save_pretrained` does)"
    config = _json(folder / "config.json")
    most = dict.fromkeys(LAYERS, held.tensors) | dict.fromkeys(WIDTHS, held.longest)
    most |= dict.fromkeys(POSITIONS, MOST_POSITIONS)
    for key, value in (*config.items(), *_section(config, "text_config").items()):
        if key in most and isinstance(value, int | float) and value > most[key]:
            return f"config.json says {key}: {str(value)[:20]}, and its weights bear {most[key]}; name another model"
    return ""


def _quantised(folder: Path) -> str:
    record = _json(folder / "config.json").get("quantization_config")
    if not isinstance(record, dict):
        return ""
    method = record.get("quant_method", "unknown method")
    fix = "name the full-precision model, which `model.lora.bits: 4` keeps in four bits"
    return f"its weights are quantised ({method}) and cannot be trained; {fix}"


def _no_tokenizer(folder: Path) -> str:
    if any((folder / name).is_file() for name in TOKENIZERS):
        return ""
    return "it has no tokenizer (tokenizer.json); save the tokenizer into the same folder"


def _template(folder: Path) -> str:
    for name, text in _templates(folder):
        if fault := fault_of(text):
            return f"its chat template ({name}) {fault}; name another model, or fix the template"
    return ""


def _templates(folder: Path) -> Iterator[tuple[str, str]]:
    """Every chat template of a folder, with the file that it stands in."""
    for path in (found for name in TEMPLATES for found in sorted(folder.glob(name)) if found.is_file()):
        yield path.name, path.read_text(encoding="utf-8", errors="replace")
    for name in ("tokenizer_config.json", "chat_template.json"):
        template = _json(folder / name).get("chat_template")
        several = template if isinstance(template, list) else [template]
        for one in several:
            text = one.get("template") if isinstance(one, dict) else one
            if isinstance(text, str):
                yield name, text


REFUSALS: tuple[Callable[[Path], str], ...] = (
    _foreign,
    _no_config,
    _adapter,
    _code,
    _kernels,
    _elsewhere,
    _pickles,
    _no_weights,
    _no_shard,
    _quantised,
    _unsound,
    _no_tokenizer,
    _template,
)
"""Each says why a folder is refused and how to fix it, or nothing; the first that speaks is reported."""

PARTS = (_no_config, _no_weights, _no_shard, _no_tokenizer)
"""Those that speak where something is missing, as after a download that broke off."""


def is_whole(folder: Path) -> bool:
    """Whether everything that a model folder needs is there, safe or not."""
    return not any(refusal(folder) for refusal in PARTS)


def _settings(section: Any) -> Iterator[tuple[str, Any]]:
    """Every key and value of a configuration, those of its sections too."""
    if isinstance(section, dict):
        yield from section.items()
    for inside in section.values() if isinstance(section, dict) else section if isinstance(section, list) else ():
        yield from _settings(inside)


def _section(config: dict[str, Any], name: str) -> dict[str, Any]:
    found = config.get(name)
    return found if isinstance(found, dict) else {}


def _json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is no such file."""
    try:
        if path.stat().st_size > LONGEST_JSON:
            raise UserError(f"model.name: {path} has over {LONGEST_JSON // 2**20} MiB; name another model")
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError, OSError) as error:
        fix = "download or save it again"
        raise UserError(f"model.name: {path} is not readable JSON ({error}); {fix}") from error
    return found if isinstance(found, dict) else {}
