"""Rows of a data set on the hub, through `datasets` and its cache."""

from whet.data.rows import Rows
from whet.errors import UserError


def hub_rows(name: str, config: str | None, split: str) -> Rows:
    """The rows of a hub data set's split; raises `UserError`, with the mend, when they cannot be had."""
    try:
        from datasets import load_dataset

        dataset = load_dataset(name, config, split=split)
    except Exception as error:  # the hub fails in as many ways as a network and a server can
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(
            f"name: {name!r} (split {split!r}) did not load from the hub: {reason}; "
            "check the name, the split and the network, or give a local file or folder with `path`"
        ) from error
    return ((number, dict(row)) for number, row in enumerate(dataset, 1))
