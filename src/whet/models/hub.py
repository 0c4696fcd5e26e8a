"""Finds models in the Hugging Face hub's local cache, or downloads them, with a short timeout."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from whet.errors import UserError
from whet.models.refusals import is_whole
from whet.models.slow_work import report_while_running
from whet.text import Log, first_line, silent

PATIENCE = 5.0
"""Timeout in seconds for the hub's first response."""

WANTED = ("*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "*.txt", "*.model")
"""Files of a model folder that are downloaded; never pickles or code."""

UNWANTED = ("*/*", "adapter_*")


REASONS = {
    "HFValidationError": "not a hub name",
    "GatedRepoError": "accept its owner's terms there, then run `hf auth login`",
    "RepositoryNotFoundError": "no such model, or a private one",
    "OfflineModeIsEnabled": "switched off by HF_HUB_OFFLINE",
}
"""Exception type of the hub's client → reason; any other exception means that the hub is out of reach."""


class NotHereError(Exception):
    """A place does not have the model; the message says why."""


def cached(name: str) -> Path:
    """Returns the snapshot of `name` in the hub's local cache, without network access.

    Raises `NotHereError` where there is none, or an incomplete one.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True, allow_patterns=list(WANTED)))
    except HFValidationError as error:
        raise NotHereError("not a hub name") from error
    except LocalEntryNotFoundError as error:
        raise NotHereError("not there") from error
    if not is_whole(folder):
        raise NotHereError("only part of it is there")
    return folder


def fetched(name: str, log: Log = silent) -> Path:
    """Downloads the snapshot of `name` and returns its folder.

    Raises `NotHereError` where the hub is out of reach or has no such model, and `UserError` where it has the
    model but not in safetensors.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    sizes = _listing(name)
    if not any(file.endswith(".safetensors") for file in sizes):
        why = "has no safetensors weights on the hub, and pickles are never loaded"
        raise UserError(f"model.name: {name} {why}; name a model that has them")
    what = f"fetching {name} ({sum(sizes.values()) / 1e6:.0f} MB)"
    log(f"{what} from the hub")
    disable_progress_bars()
    some = partial(snapshot_download, allow_patterns=list(WANTED), ignore_patterns=list(UNWANTED))
    try:
        folder = report_while_running(lambda: some(name, etag_timeout=PATIENCE), what, log)
    except Exception as error:  # network failures have many types
        raise NotHereError(f"the download failed ({first_line(error)})") from error
    return Path(folder)


def _listing(name: str) -> dict[str, int]:
    """Returns file name → bytes for the files that would be downloaded."""
    from huggingface_hub import HfApi
    from huggingface_hub.utils._paths import filter_repo_objects

    def fetch() -> Any:
        return HfApi().model_info(name, files_metadata=True, timeout=PATIENCE)

    try:
        siblings: Sequence[Any] = report_while_running(fetch, "asking the hub", deadline=2 * PATIENCE).siblings or []
    except Exception as error:  # network failures have many types
        raise NotHereError(REASONS.get(type(error).__name__) or f"out of reach ({first_line(error)})") from error
    sizes = {sibling.rfilename: int(sibling.size or 0) for sibling in siblings}
    kept = filter_repo_objects(sizes, allow_patterns=list(WANTED), ignore_patterns=list(UNWANTED))
    return {file: sizes[file] for file in kept}
