"""Where a converted model came from: a small record in its folder, for manifests and model cards."""

import json
from pathlib import Path

NAME = "origin.json"


def write_origin(folder: Path, source: str) -> None:
    """Notes in `folder` that its weights come from `source`."""
    (folder / NAME).write_text(json.dumps({"source": source}, indent=2) + "\n", encoding="utf-8")


def read_origin(folder: Path, name: str) -> str:
    """Where the weights in `folder` come from: what was noted there, or else `name`, by which they were asked
    for, with the revision where `folder` is a snapshot from the hub."""
    try:
        record = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return str(record["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"{name} at revision {folder.name}" if folder.parent.name == "snapshots" else name
