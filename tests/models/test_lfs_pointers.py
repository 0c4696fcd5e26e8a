"""Folders that hold pointers of Git LFS in place of files."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from whet.models.lfs_pointers import lfs_pointer
from whet.models.load import load_model

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 269060552\n"


def test_a_pointer_is_named_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert lfs_pointer(tmp_path) == ""
    (tmp_path / "model.safetensors").write_text(POINTER)
    reason = "model.safetensors is a pointer of Git LFS, without the file itself; fetch the files with `git lfs pull`"
    assert lfs_pointer(tmp_path) == reason


@pytest.mark.parametrize(
    "name",
    [
        *("config.json", "generation_config.json", "special_tokens_map.json", "chat_template.jinja", "tokenizer.model"),
        *("vocab.json", "merges.txt", "model.safetensors.index.json", "additional_chat_templates/tools.jinja"),
    ],
)
def test_whatever_is_read_is_looked_at(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(POINTER)
    assert lfs_pointer(tmp_path).startswith(f"{Path(name).name} is a pointer of Git LFS")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "pytorch_model.bin",
            "tf_model.h5",
            "model.onnx",
            "loss.png",
            "consolidated.safetensors",
            "training_args.bin",
        ),
        *("tokenizer.model", "vocab.json", "model.safetensors.index.json", "notes.txt"),
    ],
)
def test_a_model_loads_beside_pointers_of_files_that_are_not_read(name: str, tiny_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "m"))
    (folder / name).write_text(POINTER)
    assert load_model(str(folder), torch.float32).path == folder


def test_weights_that_the_index_names_are_looked_at(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "one.safetensors").write_bytes(b"weights")
    (tmp_path / "three.safetensors").write_text(POINTER)
    assert lfs_pointer(tmp_path) == ""
    (tmp_path / "two.safetensors").write_text(POINTER)
    assert lfs_pointer(tmp_path).startswith("two.safetensors is a pointer")


def test_a_large_file_or_another_text_is_none(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(POINTER + " " * 2000)
    (tmp_path / "chat_template.jinja").write_text("version 3")
    (tmp_path / "tokenizer.json").mkdir()
    assert lfs_pointer(tmp_path) == ""
