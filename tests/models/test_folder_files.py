"""Which files of a model folder are read."""

import json
from pathlib import Path

import pytest

from whet.errors import UserError
from whet.models.folder_files import files_read, json_object, weight_files


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).touch()


def test_one_file_of_weights_comes_before_an_index(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors", "c": "../x.safetensors", "d": "gone.bin"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    _touch(tmp_path, "two.safetensors", "one.safetensors", "three.safetensors", "gone.bin")
    assert [path.name for path in weight_files(tmp_path)] == ["one.safetensors", "two.safetensors"]
    _touch(tmp_path, "model.safetensors")
    assert [path.name for path in weight_files(tmp_path)] == ["model.safetensors"]


@pytest.mark.parametrize("index", ["[]", "{}", '{"weight_map": []}', '{"weight_map": {"a": ["b"]}}'])
def test_an_index_that_names_nothing_has_no_weights(index: str, tmp_path: Path) -> None:
    _touch(tmp_path, "one.safetensors")
    (tmp_path / "model.safetensors.index.json").write_text(index)
    assert weight_files(tmp_path) == []


def test_vocabularies_are_read_where_there_is_no_tokenizer_file(tmp_path: Path) -> None:
    _touch(tmp_path, "config.json", "README.md", "vocab.json", "merges.txt", "model.safetensors", "tf_model.h5")
    names = ["config.json", "vocab.json", "merges.txt", "model.safetensors"]
    assert [path.name for path in files_read(tmp_path)] == names
    _touch(tmp_path, "tokenizer.json")
    assert [path.name for path in files_read(tmp_path)] == ["config.json", "tokenizer.json", "model.safetensors"]


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(UserError, match=r"a\.json is not readable JSON \(.*\); download or save it again$"):
        json_object(tmp_path / "a.json")
    assert json_object(tmp_path / "b.json") == {}
