"""Checks a model folder before it is loaded, and refuses pickles, code, incomplete and untrainable models.

Weights are safetensors, never pickles, and no code in a folder is ever run. No setting changes that: a folder that
needs its own code must be fixed. What transformers and safetensors refuse themselves is left to them.
"""

import re
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import Any

from whet.errors import UserError
from whet.models.folder_files import (
    CONFIGS,
    INDEX,
    TEMPLATES,
    TOKENIZER,
    VOCABULARIES,
    WEIGHTS,
    json_object,
    weight_files,
)
from whet.models.lfs_pointers import lfs_pointer
from whet.models.quiet import quiet
from whet.models.template import fault_of

PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
"""Suffixes of weight files that can run code when opened."""

KERNELS = ("attn_implementation", "experts_implementation")
"""Settings that can name code on the hub as `owner/repository`."""

LAYERS = {"num_hidden_layers", "num_layers", "n_layer", "n_layers", "decoder_layers", "encoder_layers"}
"""Settings that count layers, each of which has weights of its own."""

WIDTHS = {
    *("hidden_size", "intermediate_size", "vocab_size", "head_dim", "num_attention_heads", "num_key_value_heads"),
    *("num_experts", "num_local_experts", "n_routed_experts", "n_embd", "n_inner", "n_head", "d_model", "ffn_dim"),
}
"""Settings that are at most a dimension of some weight."""

POSITIONS = {"max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "max_sequence_length", "seq_length"}

MOST_POSITIONS = 2**24
"""The longest contexts there are have ten million tokens."""

MEDIA = re.compile(r"image|img|audio|video|vision|sound", re.IGNORECASE)
"""Names of tokens that stand for something other than text."""

MOST_TIMES, SLACK = 2, 2**24
"""A model may have at most `MOST_TIMES` the numbers of its files, plus `SLACK`, for example for position tables."""


def check_folder(folder: Path) -> None:
    """Raises `UserError` where a model folder is unsafe, incomplete or cannot be trained.

    The message has the reason and the fix of the first of `REFUSALS` that applies. Reads small JSON files and the
    headers of weights only, so it is fast.
    """
    for refusal in REFUSALS:
        if reason := refusal(folder):
            raise UserError(f"model.name: {folder} is refused: {reason}")


def check_causal(folder: Path) -> None:
    """Raises `UserError` for an encoder-decoder, of which transformers would load the decoder alone."""
    config = json_object(folder / "config.json")
    if config.get("is_encoder_decoder"):
        what = f"it is an encoder-decoder ({config.get('model_type')}), whose decoder alone answers no prompt"
        raise UserError(f"model.name: {folder} is refused: {what}; name a decoder-only model")


def check_embeddings(folder: Path, model: Any, tokenizer: Any) -> None:
    """Raises `UserError` where the tokenizer has tokens without an embedding, marks of images and sound excepted.

    The text decoder of a multimodal model may keep a tokenizer with such marks (Gemma 3); no text becomes one.
    """
    entries = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) <= entries:
        return
    beyond = sorted((id, token) for token, id in tokenizer.get_vocab().items() if id >= entries)
    if text := [token for _, token in beyond if not MEDIA.search(token)]:
        what = (
            f"its tokenizer has {len(text)} more tokens than the model has embeddings ({entries}), such as {text[0]!r}"
        )
        fix = "call `model.resize_token_embeddings(len(tokenizer))` and save the model again"
        raise UserError(f"model.name: {folder} is refused: {what}; {fix}")


def check_size(folder: Path, auto_class: str = "AutoModelForCausalLM") -> None:
    """Raises `UserError` where a configuration has far more weights than the files; `auto_class` will load the folder.

    transformers allocates every weight of a configuration and initialises those missing in the files at random, so such
    a folder could fill the memory. The weights are counted on the meta device. A configuration that transformers does
    not accept is left to it to refuse.
    """
    wanted = model_size(folder, auto_class)
    held = sum(map(prod, _shapes(folder)))
    if wanted > MOST_TIMES * held + SLACK:
        what = f"config.json asks for {wanted} weights, and its files hold {held}"
        raise UserError(f"model.name: {folder} is refused: {what}; name another model")


def model_size(folder: Path, auto_class: str) -> int:
    """Counts the elements of a configured model's weights and buffers; 0 where it cannot be built."""
    import torch
    import transformers

    auto: Any = getattr(transformers, auto_class)
    try:
        with quiet(), torch.device("meta"):
            config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
            model = auto.from_config(config, trust_remote_code=False)
    except Exception:  # transformers raises many types
        return 0
    return sum(tensor.numel() for tensor in (*model.parameters(), *model.buffers()))


def is_whole(folder: Path) -> bool:
    """Whether a model folder has configuration, weights and tokenizer, safe or not."""
    return not any(refusal(folder) for refusal in PARTS)


def _shapes(folder: Path) -> list[tuple[int, ...]]:
    """Reads the shapes of all weights from the files' headers, which safetensors validates against the file sizes.

    Raises `ValueError` that names the first invalid file.
    """
    from safetensors import SafetensorError, safe_open

    shapes = []
    for path in weight_files(folder):
        try:
            with safe_open(path, framework="np") as file:
                shapes += [tuple(file.get_slice(tensor).get_shape()) for tensor in file.keys()]  # noqa: SIM118
        except SafetensorError as error:
            reason = str(error).removeprefix("Error while deserializing header: ")
            raise ValueError(f"{path.name} is no safetensors file, or not all of one ({reason})") from None
    return shapes


def _foreign(folder: Path) -> str:
    """Refuses links out of the folder; a snapshot in the hub's cache may link to the blobs beside it."""
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
    if not (folder / "adapter_config.json").is_file():
        return ""
    base = json_object(folder / "adapter_config.json").get("base_model_name_or_path")
    of = f" of {str(base)[:200]!r}" if base else ""
    merge = "AutoPeftModelForCausalLM.from_pretrained(FOLDER).merge_and_unload().save_pretrained(NEW)"
    return f"it holds an adapter{of}, not a whole model; merge it into its base first (peft: `{merge}`), and name that"


def _code(folder: Path) -> str:
    """Refuses settings that name code: transformers asks whether to run it where it has no class of its own."""
    for name in CONFIGS:
        for key, value in _settings(json_object(folder / name)):
            from_hub = key.lstrip("_").startswith(KERNELS) and "/" in str(value)
            if from_hub or key == "auto_map":
                code = "code from the hub" if from_hub else "code that comes with the model"
                return f"{name} asks to run {code} (`{key}`), which Whet never does; take that setting out"
    return ""


def _elsewhere(folder: Path) -> str:
    name = json_object(folder / "config.json").get("transformers_weights")
    if name in (None, WEIGHTS, INDEX):
        return ""
    return f"config.json takes its weights from {str(name)[:80]!r} (`transformers_weights`); take that setting out"


def _no_weights(folder: Path) -> str:
    if (folder / WEIGHTS).is_file():
        return ""
    if not (folder / INDEX).is_file():
        fix = "save the model as safetensors (`save_pretrained` does)"
        if pickles := sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES):
            return f"its weights are pickles ({pickles[0]}), which can run code when opened; {fix}"
        return f"it has no weights ({WEIGHTS}); name a folder written by `save_pretrained`"
    weight_map = json_object(folder / INDEX).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        return f"{INDEX} names no weights (`weight_map`); save the model anew"
    held = {path.name for path in folder.glob("*.safetensors")}
    absent = sorted(set(map(str, weight_map.values())) - held)
    if absent:
        return f"{INDEX} names {absent[0]!r}, no safetensors file of this folder; download or save the model again"
    return ""


def _unsound(folder: Path) -> str:
    """Refuses invalid weight files, and a configuration with larger dimensions than the weights."""
    try:
        shapes = _shapes(folder)
    except ValueError as error:
        return f"{error}; save the model as safetensors (`save_pretrained` does)"
    longest = max((dimension for shape in shapes for dimension in shape), default=0)
    most = dict.fromkeys(LAYERS, len(shapes)) | dict.fromkeys(WIDTHS, longest)
    most |= dict.fromkeys(POSITIONS, MOST_POSITIONS)
    config = json_object(folder / "config.json")
    inner = config.get("text_config")
    for key, value in (*config.items(), *(inner.items() if isinstance(inner, dict) else ())):
        if key in most and isinstance(value, int | float) and value > most[key]:
            return f"config.json says {key}: {str(value)[:20]}, and its weights bear {most[key]}; name another model"
    return ""


def _quantised(folder: Path) -> str:
    record = json_object(folder / "config.json").get("quantization_config")
    if not isinstance(record, dict):
        return ""
    method = record.get("quant_method", "unknown method")
    fix = "name the full-precision model, which `model.lora.bits: 4` keeps in four bits"
    return f"its weights are quantised ({method}) and cannot be trained; {fix}"


def _no_tokenizer(folder: Path) -> str:
    if any((folder / name).is_file() for name in (TOKENIZER, *VOCABULARIES)):
        return ""
    return "it has no tokenizer (tokenizer.json); save the tokenizer into the same folder"


def _template(folder: Path) -> str:
    for name, text in _templates(folder):
        if fault := fault_of(text):
            return f"its chat template ({name}) {fault}; name another model, or fix the template"
    return ""


def _templates(folder: Path) -> Iterator[tuple[str, str]]:
    """Yields (file name, text) of every chat template in a folder."""
    for path in (found for name in TEMPLATES for found in sorted(folder.glob(name)) if found.is_file()):
        yield path.name, path.read_text(encoding="utf-8", errors="replace")
    for name in ("tokenizer_config.json", "chat_template.json"):
        template = json_object(folder / name).get("chat_template")
        several = template if isinstance(template, list) else [template]
        for one in several:
            text = one.get("template") if isinstance(one, dict) else one
            if isinstance(text, str):
                yield name, text


REFUSALS: tuple[Callable[[Path], str], ...] = (
    *(_foreign, lfs_pointer, _adapter, _no_config, _code, _elsewhere),
    *(_no_weights, _quantised, _unsound, _no_tokenizer, _template),
)
"""Each returns why a folder is refused with the fix, or an empty text; the first reason is reported."""

PARTS = (_no_config, _no_weights, _no_tokenizer)
"""Those that refuse an incomplete folder, as after an interrupted download."""


def _settings(section: Any) -> Iterator[tuple[str, Any]]:
    """Yields every key and value of a configuration, nested ones too."""
    if isinstance(section, dict):
        yield from section.items()
    for inside in section.values() if isinstance(section, dict) else section if isinstance(section, list) else ():
        yield from _settings(inside)
