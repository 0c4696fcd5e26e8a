"""The digest of a model's weights."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from whet.models.weights_digest import BLOCK, SAMPLES, weights_digest


def test_a_copy_has_the_same_digest_and_other_weights_another(tiny_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "m"))
    (folder / "README.md").write_text("no weights")
    assert weights_digest(folder) == weights_digest(tiny_folder)
    weights = load_file(folder / "model.safetensors")
    save_file({name: tensor * 1.01 for name, tensor in weights.items()}, folder / "model.safetensors")
    assert weights_digest(folder) != weights_digest(tiny_folder)


@pytest.mark.parametrize("place", [0, 1, 40, SAMPLES - 1])
def test_every_sample_counts_to_the_last_byte(place: int, tmp_path: Path) -> None:
    size = 100 * BLOCK + 7
    content = bytearray(size)
    (tmp_path / "model.safetensors").write_bytes(content)
    before = weights_digest(tmp_path)
    content[(size - BLOCK) * place // (SAMPLES - 1) + BLOCK - 1] = 1
    (tmp_path / "model.safetensors").write_bytes(content)
    assert weights_digest(tmp_path) != before


@pytest.mark.parametrize("size", [5, BLOCK + 1, BLOCK * SAMPLES])
def test_every_byte_of_a_small_file_counts(size: int, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    found, places = set(), range(0, size, max(1, size // 200) | 1)
    for place in places:
        content = bytearray(size)
        content[place] = 1
        path.write_bytes(content)
        found.add(weights_digest(tmp_path))
    assert len(found) == len(places)


def test_a_small_file_is_read_once(tmp_path: Path) -> None:
    content = bytes(range(250)) * (3 * BLOCK // 250)
    (tmp_path / "model.safetensors").write_bytes(content)
    name = f"model.safetensors\0{len(content)}\0".encode()
    assert weights_digest(tmp_path) == sha256(name + content).hexdigest()


def test_weights_that_are_not_read_do_not_count(tiny_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "m"))
    (folder / "consolidated.safetensors").write_bytes(b"other")
    assert weights_digest(folder) == weights_digest(tiny_folder)


def test_a_file_cut_short_or_named_otherwise_is_another(tmp_path: Path) -> None:
    found = set()
    for name, size in (("a", 10), ("a", 11), ("b", 11)):
        folder = tmp_path / f"{name}{size}"
        folder.mkdir()
        (folder / f"{name}.safetensors").write_bytes(bytes(size))
        (folder / "model.safetensors.index.json").write_text(f'{{"weight_map": {{"w": "{name}.safetensors"}}}}')
        found.add(weights_digest(folder))
    assert len(found) == 3
