"""Where a converted model came from: a small record in its folder, for manifests and model cards."""

import hashlib
import json
from pathlib import Path

NAME = "origin.json"


def write_origin(folder: Path, source: str) -> None:
    """Notes in `folder` that its weights come from `source`."""
    (folder / NAME).write_text(json.dumps({"source": source}, indent=2) + "\n", encoding="utf-8")


def read_origin(folder: Path) -> str:
    """Where the weights in `folder` come from: what was noted there, or else the folder itself."""
    try:
        record = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return str(record["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(folder)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
