"""Web addresses in the place of a file or a data set's name: they are not fetched."""

import re

from whet.errors import UserError

_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_HUB = re.compile(r"(?:https?://(?:www\.)?huggingface\.co/datasets/|hf://datasets/)([^/?#\s]+/[^/?#\s]+)")


def refuse_address(field: str, value: str) -> None:
    """Raises `UserError` for an address such as `https://…`, with the name on the hub where it is one of the hub's."""
    if not _ADDRESS.match(value):
        return
    hub = _HUB.match(value)
    fix = f"write {hub[1]}, the data set's name on the hub" if hub else "download the file, and give its path"
    raise UserError(f"{field}: is the address {value!r}, and nothing is fetched from addresses; {fix}")
