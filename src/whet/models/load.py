"""Loads a model and its tokenizer by name: from a folder, GGUF file, local cache, the hub or a package."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.errors import UserError
from whet.models import gguf, hub, packaged
from whet.models.hub import NotHereError
from whet.models.loading_notes import check_notes
from whet.models.origin import read_origin
from whet.models.quiet import quiet
from whet.models.refusals import check_causal, check_embeddings, check_folder, check_size
from whet.models.weights_digest import weights_digest
from whet.text import Log, first_line, silent

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready to train, its tokenizer, and their source."""

    model: Any
    """A `transformers` causal language model."""
    tokenizer: Any
    path: Path
    """The folder it was loaded from: safetensors, tokenizer, chat template."""
    source: str
    """Origin of the weights, for manifests and model cards."""
    weights: str
    """A digest of the files with the weights, for manifests."""


Route = Callable[[str, Log], Path]
"""Returns the folder of a model by name, or raises `NotHereError` with the reason."""


def load_model(name: str, dtype: "torch.dtype", log: Log = silent) -> LoadedModel:
    """Loads the model `name` on the CPU, its weights in `dtype`.

    `name` is a folder, a GGUF file, a hub name or a packaged model; see `resolve`. No code of a model folder is run
    and no pickle is opened.

    Raises `UserError` where the model is not found, unsafe, incomplete, or not a causal language model.
    """
    path = resolve(name, log)
    check_causal(path)
    check_size(path)
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    noted = {"output_loading_info": True, "ignore_mismatched_sizes": True}
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(path, **options)
            model, notes = AutoModelForCausalLM.from_pretrained(
                path, dtype=dtype, use_safetensors=True, **noted, **options
            )
    except Exception as error:  # transformers and safetensors raise many types
        fix = "name a causal language model"
        raise UserError(f"model.name: {path} does not load ({first_line(error)}); {fix}") from error
    check_notes(path, model, notes, log)
    check_embeddings(path, model, tokenizer)
    _check_ends(path, model)
    model.config.return_dict = True  # a model's own settings may ask for tuples
    return LoadedModel(model.eval(), tokenizer, path, read_origin(path, name), weights_digest(path))


def _check_ends(folder: Path, model: Any) -> None:
    """Raises `UserError` where `eos_token_id` of a model's generation settings is no token's id, nor a list of ids."""
    found = getattr(model.generation_config, "eos_token_id", None)
    several = found if isinstance(found, list) else [found]
    if not all(id is None or isinstance(id, int) for id in several):
        what = f"eos_token_id in its generation_config.json is {found!r}, no token's id"
        raise UserError(f"model.name: {folder} is refused: {what}; write the number of the token, or a list of numbers")


def load_tokenizer(name: str, log: Log = silent) -> Any:
    """Loads the tokenizer of the model `name` alone. Raises `UserError` where that is not found, unsafe or broken."""
    path = resolve(name, log)
    from transformers import AutoTokenizer

    try:
        with quiet():
            return AutoTokenizer.from_pretrained(path, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # transformers raises many types
        fix = "save the tokenizer into the folder again"
        raise UserError(f"model.name: the tokenizer in {path} does not load ({first_line(error)}); {fix}") from error


def resolve(name: str, log: Log = silent) -> Path:
    """Returns the folder with the safetensors and tokenizer of the model `name`.

    Tried in order: a local folder or GGUF file, the hub's local cache, a packaged model converted before, the
    hub, a package that carries the weights. A packaged model's own name (without an owner) always means the
    packaged weights, so that it gives the same numbers everywhere.

    Raises `UserError` that lists the places tried, or says why the folder is refused.
    """
    tried = []
    for place, route in _routes(name):
        try:
            folder = route(name, log)
        except NotHereError as reason:
            tried.append(f"{place}: {reason}")
        else:
            check_folder(folder)
            return folder
    fix = "name a model folder"
    if packaged.find(name) is None:
        fix += f", or {packaged.MODELS[0].name}, which comes from the package index"
    raise UserError(f"model.name: {name!r} is nowhere ({'; '.join(tried)}); {fix}")


def _routes(name: str) -> list[tuple[str, Route]]:
    """The places to look for a model, in order."""
    model = packaged.find(name)
    if _is_path(name):
        return [("on disk", _on_disk)]
    if model and name == model.name:
        return [("on disk", _on_disk), ("package", packaged.fetched)]
    return [
        ("on disk", _on_disk),
        ("the hub's cache", lambda name, log: hub.cached(name)),
        ("Whet's cache", packaged.cached),
        ("the hub", hub.fetched),
        ("package", packaged.fetched),
    ]


def _is_path(name: str) -> bool:
    """Whether `name` can only be meant as a path."""
    return name.startswith(("/", "./", "../", "~")) or name.endswith(".gguf") or name.count("/") > 1


def _on_disk(name: str, log: Log) -> Path:
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if path.is_file():
        return gguf.folder_of(path, log)
    raise NotHereError("no such folder or GGUF file")
