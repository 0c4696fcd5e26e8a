"""Converts a GGUF file to a model folder: float32 safetensors, tokenizer and chat template.

transformers reads GGUF, but gives every byte-level BPE tokenizer the same plain pre-tokenizer, whatever the
file says in `tokenizer.ggml.pre`. For SmolLM2 that merges digits into tokens the model has hardly seen;
`PRE_TOKENIZERS` restores the right ones.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from whet.errors import UserError
from whet.files import sha256_of
from whet.models.cache import build_once, cache_folder
from whet.models.origin import write_origin
from whet.models.quiet import quiet
from whet.models.slow_work import report_while_running
from whet.text import Log, first_line, silent

VERSION = 1
"""Version of the conversion, part of a converted folder's name; increased when the conversion changes."""


def folder_of(gguf: Path, log: Log = silent) -> Path:
    """Returns the folder of the converted `gguf`, from the cache or converted now.

    The cache key is the file's hash, so a moved file is found and a changed one is converted again.

    Raises `UserError` where the file is no GGUF or contains a model that transformers does not support.
    """
    with gguf.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise UserError(f"model.name: {gguf} is not a GGUF file; name a GGUF file or a model folder")
    digest = sha256_of(gguf)

    def build(folder: Path) -> None:
        log(f"converting {gguf.name} once to safetensors")
        convert(gguf, folder, log)
        write_origin(folder, f"{gguf.name} (sha256 {digest})")

    return build_once(cache_folder() / "gguf" / f"{gguf.stem}-{digest[:16]}-v{VERSION}", build, log)


def convert(gguf: Path, folder: Path, log: Log = silent) -> None:
    """Writes the model in `gguf` to `folder`, dequantised to float32, with its tokenizer and chat template.

    Raises `UserError` where transformers cannot read the file.
    """
    try:
        report_while_running(lambda: _convert(gguf, folder), f"converting {gguf.name}", log)
    except Exception as error:  # transformers and gguf raise many types
        if isinstance(error, OSError) and error.errno is not None:
            raise
        fix = "name a folder of safetensors weights instead"
        raise UserError(f"model.name: {gguf} cannot be converted ({first_line(error)}); {fix}") from error


def _convert(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    place = {"gguf_file": gguf.name, "trust_remote_code": False, "local_files_only": True}
    with quiet():
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **place)
        _restore_pre_tokenizer(tokenizer, name := pre_tokenizer_name(gguf))
        tokenizer.init_kwargs[HANDED_DOWN] = name
        tokenizer.save_pretrained(folder)

        model = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **place)
        ends = ("bos_token_id", "eos_token_id", "pad_token_id")
        model.generation_config = GenerationConfig(**{end: getattr(model.config, end, None) for end in ends})
        _forget_file(model)
        model.save_pretrained(folder)


def pre_tokenizer_name(gguf: Path) -> str:
    """Returns `tokenizer.ggml.pre`, the name of the model's pre-tokenizer; empty where the file has none."""
    from gguf import GGUFReader

    field = GGUFReader(gguf).fields.get("tokenizer.ggml.pre")
    return "" if field is None else str(field.contents())


def _digits_one_by_one() -> Any:
    """SmolLM2's pre-tokenizer: single digits, then byte-level words as GPT-2 splits them."""
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence

    return Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False, use_regex=True)])


HANDED_DOWN = "gguf_pre_tokenizer"
"""The setting of a converted tokenizer that keeps `tokenizer.ggml.pre`, for exports of what is trained from it."""

PRE_TOKENIZERS: dict[str, Callable[[], Any]] = {"smollm": _digits_one_by_one}
"""`tokenizer.ggml.pre` → the pre-tokenizer that transformers' reader drops."""


def _restore_pre_tokenizer(tokenizer: Any, name: str) -> None:
    if name in PRE_TOKENIZERS:
        tokenizer.backend_tokenizer.pre_tokenizer = PRE_TOKENIZERS[name]()


def _forget_file(model: Any) -> None:
    """Removes the quantisation records: transformers would not save a model that it takes for quantised."""
    for record in ("quantization_config", "_model_name_or_path"):
        if hasattr(model.config, record):
            delattr(model.config, record)
    model.hf_quantizer = None
