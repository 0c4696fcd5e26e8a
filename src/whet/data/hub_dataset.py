"""Rows of a data set on the hub, through `datasets` and its cache, without long retries when offline."""

from collections.abc import Iterator
from contextlib import contextmanager

from whet.data.class_labels import label_names, with_names
from whet.data.fault import Rows
from whet.errors import UserError

PATIENCE = 5.0
"""Seconds to wait for a reply of the hub before only the local cache is used."""


def hub_rows(name: str, config: str | None, split: str) -> Rows:
    """The rows of a split of a hub data set; raises `UserError`, with the fix, when it does not load."""
    try:
        from datasets import load_dataset

        with _cache_only(not _within_reach(name)):
            dataset = load_dataset(name, config, split=split)
    except Exception as error:  # the hub fails in as many ways as a network and a server can
        raise UserError(
            f"name: {name!r} (split {split!r}) did not load from the hub: {_reason(error)}; "
            "check the name, the split, the configuration (params.config) and the network, or give a local file or "
            "folder with `path`"
        ) from error
    labels = label_names(dataset.features)
    return ((number, with_names(dict(row), labels)) for number, row in enumerate(dataset, 1))


def _reason(error: Exception) -> str:
    """The first line of an error message, and the one that lists the available configurations."""
    first, *more = str(error).strip().splitlines() or [type(error).__name__]
    return " ".join([first, *(line.strip() for line in more if "available configs" in line)])


def _within_reach(name: str) -> bool:
    """Whether the hub replies, even with an HTTP error."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        HfApi().dataset_info(name, timeout=PATIENCE)
    except HfHubHTTPError:
        return True
    except Exception:  # no route, no name service, offline mode, a proxy's refusal
        return False
    return True


@contextmanager
def _cache_only(wanted: bool) -> Iterator[None]:
    """Sets `datasets` to offline mode within the block if `wanted`, so that it does not retry for half a minute."""
    import huggingface_hub.constants as hub
    from datasets import config as settings

    before = hub.HF_HUB_OFFLINE, settings.HF_HUB_OFFLINE
    hub.HF_HUB_OFFLINE, settings.HF_HUB_OFFLINE = (wanted or flag for flag in before)
    try:
        yield
    finally:
        hub.HF_HUB_OFFLINE, settings.HF_HUB_OFFLINE = before
