"""Makes a saved model folder read the same by programs of the time before transformers 5.

transformers 5 writes rotary settings, dtype and tokenizer class under new names. Version 4, llama.cpp's converter and
MLX read the old ones, and take their defaults where these are missing: a wrong rotary base, without a word.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from whet.models.quiet import quiet

CONFIG, TOKENIZER = "config.json", "tokenizer_config.json"

FAST = "PreTrainedTokenizerFast"
"""Reads `tokenizer.json` as it is, in every version."""

VOCABULARIES = ("tokenizer.model", "spiece.model", "sentencepiece.bpe.model")
"""SentencePiece files, which transformers 5 does not write again and llama.cpp's converter reads."""

OF_THIS_MACHINE = ("is_local", "local_files_only")

NESTED = {"full_attention": "rope_theta", "sliding_attention": "rope_local_base_freq"}
"""Where rotary settings are given by kind of attention: kind → the old setting of its base (Gemma 3)."""

OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "gpt_neox": {"rope_theta": "rotary_emb_base", "partial_rotary_factor": "rotary_pct"},
    "gpt_neox_japanese": {"rope_theta": "rotary_emb_base", "partial_rotary_factor": "rotary_pct"},
    "modernbert-decoder": {"rope_theta": "global_rope_theta", "rope_local_base_freq": "local_rope_theta"},
}
"""By `model_type`: the usual old rotary setting → the family's own name of it."""

RENAMED: Mapping[str, Mapping[str, str]] = {"qwen3_moe": {"num_local_experts": "num_experts"}}
"""By `model_type`: version 5's name of a setting → the only one that version 4 knows."""

LONG_PHI = ("phi3", "phi4_multimodal")
THREE_FIELDS = ("type", "short_factor", "long_factor")
"""What `rope_scaling` of the long Phi models may hold in version 4; `type` is its name of `rope_type`."""


def make_portable(folder: Path, source: Path | None = None) -> None:
    """Adds to a folder written by `save_pretrained` what older programs read; nothing that version 5 reads changes.

    SentencePiece files that the folder lacks are copied from `source`, where the tokenizer was loaded from.
    """
    before = _rotary(folder)
    _rewrite(folder / CONFIG, _with_old_settings)
    if not _reads_as(folder, before):
        _rewrite(folder / CONFIG, _without_scaling)
    if (folder / "tokenizer.json").is_file():
        _rewrite(folder / TOKENIZER, _with_old_tokenizer)
    for name in VOCABULARIES if source else ():
        if source and (source / name).is_file() and not (folder / name).exists():
            shutil.copyfile(source / name, folder / name)


def _rewrite(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(change(record), indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def _with_old_settings(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration with old names beside new ones."""
    for section in _sections(config):
        if isinstance(dtype := section.get("dtype"), str):
            section.setdefault("torch_dtype", dtype)
        renamed = RENAMED.get(str(section.get("model_type")), {})
        old = {name: section[new] for new, name in renamed.items() if new in section}
        for name, value in {**old, **_old_rotary(section)}.items():
            section.setdefault(name, value)
    return config


def _without_scaling(config: dict[str, Any]) -> dict[str, Any]:
    for section in _sections(config):
        section.pop("rope_scaling", None)
    return config


def _old_rotary(section: Mapping[str, Any]) -> dict[str, Any]:
    """`rope_theta`, `rope_scaling` and the like, from `rope_parameters`; empty where there are none."""
    rotary = section.get("rope_parameters")
    if not isinstance(rotary, dict) or not rotary:
        return {}
    nested = {kind: rotary[kind] for kind in NESTED if isinstance(rotary.get(kind), dict)}
    whole = nested.get("full_attention", {} if nested else rotary)
    old = {NESTED[kind]: value["rope_theta"] for kind, value in nested.items() if "rope_theta" in value}
    old |= {name: whole[name] for name in ("rope_theta", "partial_rotary_factor") if name in whole}
    scaling = {name: value for name, value in whole.items() if name not in ("rope_theta", "partial_rotary_factor")}
    old["rope_scaling"] = None if scaling.get("rope_type", "default") == "default" else scaling
    if section.get("model_type") in LONG_PHI and old["rope_scaling"]:
        old["rope_scaling"] = {name: {"type": "longrope", **scaling}.get(name) for name in THREE_FIELDS}
    names = OTHER_NAMES.get(str(section.get("model_type")), {})
    return old | {names[name]: value for name, value in old.items() if name in names}


def _reads_as(folder: Path, before: list[Any]) -> bool:
    """Whether version 5 reads the same rotary settings as before; some of its families read the old names otherwise."""
    try:
        return _rotary(folder) == before
    except Exception:  # or refuse them
        return False


def _rotary(folder: Path) -> list[Any]:
    """The rotary settings that the installed transformers reads from a folder, the nested ones included."""
    from transformers import AutoConfig

    with quiet():
        read = AutoConfig.from_pretrained(folder, local_files_only=True).to_dict()
    return [_without_type(section.get("rope_parameters")) for section in _sections(read)]


def _without_type(rotary: Any) -> Any:
    """Rotary settings without `type`, the old name of `rope_type`, which stands beside it."""
    return {name: value for name, value in rotary.items() if name != "type"} if isinstance(rotary, dict) else rotary


def _sections(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields a configuration and those inside it."""
    yield config
    for name, value in config.items():
        if name.endswith("_config") and isinstance(value, dict):
            yield from _sections(value)


def _with_old_tokenizer(record: dict[str, Any]) -> dict[str, Any]:
    """A class that every version knows, and extra special tokens by the name that every version reads."""
    kept = {name: value for name, value in record.items() if name not in OF_THIS_MACHINE}
    kept["tokenizer_class"] = FAST
    extra = kept.get("extra_special_tokens")
    if isinstance(extra, list):
        del kept["extra_special_tokens"]
        kept["additional_special_tokens"] = extra
    return kept
