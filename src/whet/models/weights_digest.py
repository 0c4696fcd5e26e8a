"""A digest of a model folder's weights, by which a run that goes on knows those that it began with."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from whet.models.folder_files import weight_files

BLOCK = 2**16
"""Bytes of a sample."""

SAMPLES = 64
"""Samples of a file, evenly spaced: training changes nearly every weight, and gigabytes take long to read."""


def weights_digest(folder: Path) -> str:
    """Returns a SHA-256 over the weight files that are read, as a hexadecimal number.

    Of a file of more than `BLOCK * SAMPLES` bytes (4 MiB) name, size and samples count: a change between them is not
    seen.
    """
    digest = sha256()
    for path in weight_files(folder):
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            for place in _places(size):
                file.seek(place)
                digest.update(file.read(BLOCK))
    return digest.hexdigest()


def _places(size: int) -> Iterable[int]:
    """Where the blocks begin that are read of a file of so many bytes."""
    if size <= BLOCK * SAMPLES:
        return range(0, size, BLOCK)
    return ((size - BLOCK) * number // (SAMPLES - 1) for number in range(SAMPLES))
