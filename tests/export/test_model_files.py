"""What is read of a model folder."""

from pathlib import Path

import torch
from safetensors.torch import save_file

import tiny
from export.models_to_export import byte_level, save
from whet.export.model_files import settings_of, stored_type, tensors_of, tokenizer_of


def test_settings_come_with_their_defaults(tmp_path: Path) -> None:
    found = settings_of(save(tmp_path))
    assert found["model_type"] == "llama"
    assert found["rope_parameters"]["rope_theta"] == 10000.0


def test_every_weight_is_read_from_its_file(tmp_path: Path) -> None:
    save_file({"b": torch.ones(2, 3), "a": torch.zeros(4)}, tmp_path / "model-00001.safetensors")
    save_file({"c": torch.full((1,), 7.0)}, tmp_path / "model-00002.safetensors")
    found = list(tensors_of(tmp_path))
    assert [(name, shape) for name, shape, _ in found] == [("a", (4,)), ("b", (2, 3)), ("c", (1,))]
    assert [float(read().sum()) for _, _, read in found] == [0.0, 6.0, 7.0]


def test_the_type_of_the_weights_is_the_widest(tmp_path: Path) -> None:
    save(tmp_path / "wide")
    tiny.tiny_model(dtype=torch.bfloat16).save_pretrained(tmp_path / "narrow")
    assert stored_type(tmp_path / "wide") == "float32"
    assert stored_type(tmp_path / "narrow") == "bfloat16"
    mixed = {"a": torch.ones(1), "b": torch.ones(1, dtype=torch.bfloat16)}
    (tmp_path / "mixed").mkdir()
    save_file(mixed, tmp_path / "mixed" / "model.safetensors")
    assert stored_type(tmp_path / "mixed") == "float32"


def test_a_tokenizer_is_tried(tmp_path: Path) -> None:
    plain = tokenizer_of(save(tmp_path / "plain"))
    assert not plain.starts_with_bos
    assert plain.turn_end == 2, "<|im_end|>"
    assert tokenizer_of(save(tmp_path / "bos", tokenizer=byte_level(bos=True))).starts_with_bos
