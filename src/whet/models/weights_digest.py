"""A digest of a model folder's weights, by which a run that goes on knows those that it began with."""

from hashlib import sha256
from pathlib import Path

BLOCK = 2**16
"""Bytes of a sample."""

SAMPLES = 64
"""Samples of a file, evenly spaced: training changes nearly every weight, and gigabytes take long to read."""


def weights_digest(folder: Path) -> str:
    """Returns a SHA-256 over sizes and samples of the folder's safetensors files, as a hexadecimal number."""
    digest = sha256()
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            for number in range(SAMPLES):
                file.seek(max(0, size - BLOCK) * number // (SAMPLES - 1))
                digest.update(file.read(BLOCK))
    return digest.hexdigest()
