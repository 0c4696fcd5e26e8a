"""What safetensors files say they hold, against what the library that wrote them was given."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from whet.models.headers import Contents, contents_of, shapes_in


def written(path: Path, header: object, data: bytes = b"") -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_shapes_are_those_that_were_saved(tmp_path: Path) -> None:
    first = {"a": torch.zeros(3, 5), "b": torch.zeros(7, dtype=torch.bfloat16), "c": torch.tensor(1.0)}
    save_file(first, tmp_path / "one.safetensors", metadata={"format": "pt"})
    save_file({"d": torch.zeros(2, 2, 11, dtype=torch.bool)}, tmp_path / "two.safetensors")
    assert sorted(shapes_in(tmp_path / "one.safetensors")) == [(), (3, 5), (7,)]
    both = contents_of([tmp_path / "one.safetensors", tmp_path / "two.safetensors"])
    assert both == Contents(tensors=4, numbers=15 + 7 + 1 + 44, longest=11)


def test_a_file_without_tensors_is_sound(tmp_path: Path) -> None:
    assert contents_of([written(tmp_path / "a", {"__metadata__": {"x": "y"}})]) == Contents(0, 0, 0)


@pytest.mark.parametrize("content", [b"", b"1234567", b"\x80\x04K\x01.", (100).to_bytes(8, "little") + b"{}"])
def test_what_has_no_room_for_a_header_is_no_safetensors_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ValueError, match="a is no safetensors file: its header does not fit into it"):
        shapes_in(tmp_path / "a")


@pytest.mark.parametrize(
    "tensor",
    [
        {},
        {"shape": [1]},
        {"shape": "12", "data_offsets": [0, 4]},
        {"shape": [1.5], "data_offsets": [0, 4]},
        {"shape": [1], "data_offsets": [4, 0]},
        {"shape": [1], "data_offsets": [0, 2, 4]},
        {"shape": [-1], "data_offsets": [0, 4]},
        [],
    ],
)
def test_a_header_of_another_form_is_not_readable(tmp_path: Path, tensor: object) -> None:
    with pytest.raises(ValueError, match="a is no safetensors file: its header is not readable"):
        shapes_in(written(tmp_path / "a", {"w": tensor}, b"1234"))


@pytest.mark.parametrize(
    "tensors",
    [
        {"w": {"shape": [33], "data_offsets": [0, 4]}},
        {"w": {"shape": [1], "data_offsets": [0, 5]}},
        {"v": {"shape": [1], "data_offsets": [0, 3]}, "w": {"shape": [1], "data_offsets": [0, 3]}},
    ],
)
def test_a_header_that_speaks_of_more_than_there_is(tmp_path: Path, tensors: object) -> None:
    with pytest.raises(ValueError, match="speaks of more than it holds"):
        shapes_in(written(tmp_path / "a", tensors, b"1234"))
