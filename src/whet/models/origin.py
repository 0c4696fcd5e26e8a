"""Records the source of a converted model in its folder, for manifests and model cards."""

import json
from pathlib import Path

NAME = "origin.json"


def write_origin(folder: Path, source: str) -> None:
    """Writes to `folder` that its weights come from `source`."""
    (folder / NAME).write_text(json.dumps({"source": source}, indent=2) + "\n", encoding="utf-8")


def read_origin(folder: Path, name: str) -> str:
    """Returns the source of the weights in `folder`: the one recorded there, or else the requested `name`, with its
    revision if `folder` is a snapshot from the hub."""
    try:
        record = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return str(record["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"{name} at revision {folder.name}" if folder.parent.name == "snapshots" else name
