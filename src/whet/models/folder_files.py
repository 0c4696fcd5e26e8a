"""Which files of a model folder are read, of all that may lie in it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whet.errors import UserError

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"

CONFIGS = ("config.json", "tokenizer_config.json", "generation_config.json", "processor_config.json")

TEMPLATES = ("chat_template.jinja", "additional_chat_templates/*.jinja")

TOKENIZER = "tokenizer.json"
"""Where it is there, no other vocabulary is read."""

VOCABULARIES = ("tokenizer.model", "vocab.json", "spiece.model")
"""Files of which one is enough for a tokenizer in its place."""

BESIDE_VOCABULARIES = ("merges.txt", "vocab.txt", "sentencepiece.bpe.model")
"""Files of a tokenizer that are not enough alone."""

OTHER_SETTINGS = ("special_tokens_map.json", "added_tokens.json", "chat_template.json", "adapter_config.json")
"""Files that are read where they are there, `tokenizer.json` or not."""

LONGEST_JSON = 64 * 2**20
"""Maximum bytes of a JSON file in a model folder; indices of the largest models have a few million."""


def files_read(folder: Path) -> Iterator[Path]:
    """Yields the files that transformers or Whet reads of a model folder, the index of weights before those it names.

    Weights in other formats, vocabularies beside a `tokenizer.json`, pictures and notes are none of them.
    """
    whole = (folder / TOKENIZER).is_file()
    vocabularies = (TOKENIZER,) if whole else VOCABULARIES + BESIDE_VOCABULARIES
    index = () if (folder / WEIGHTS).is_file() else (INDEX,)
    for name in (*CONFIGS, *OTHER_SETTINGS, *TEMPLATES, *vocabularies, *index):
        yield from (path for path in sorted(folder.glob(name)) if path.is_file())
    yield from weight_files(folder)


def weight_files(folder: Path) -> list[Path]:
    """Returns the safetensors files of a folder that hold the model: one alone, or those that the index names."""
    named = {WEIGHTS}
    if not (folder / WEIGHTS).is_file():
        weight_map = json_object(folder / INDEX).get("weight_map")
        named = set(map(str, weight_map.values())) if isinstance(weight_map, dict) else set()
    return sorted(path for path in folder.glob("*.safetensors") if path.name in named and path.is_file())


def json_object(path: Path) -> dict[str, Any]:
    """Reads the object in a JSON file; empty where there is no such file or no object in it.

    Raises `UserError` where it is too large, or no JSON.
    """
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
