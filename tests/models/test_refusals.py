"""Which model folders are refused before anything of them is loaded."""

import json
import pickle
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tiny
from models.hostile import Bomb, change, large_by_the_book
from whet.errors import UserError
from whet.models.refusals import check_folder, check_size, is_whole, model_size


def as_pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(folder / "exploded")))


def only_an_adapter(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
    (folder / "config.json").unlink()
    change(folder, "adapter_config.json", base_model_name_or_path="owner/base-model")


def with_remote_shard(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    change(folder, "model.safetensors.index.json", weight_map={"a": "../elsewhere.safetensors"})


def with_pickled_shard(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "rest.bin"}
    change(folder, "model.safetensors.index.json", weight_map=shards)


def without_a_shard(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    change(folder, "model.safetensors.index.json", weight_map=shards)


THREE_BYTES = {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]}

CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "pickled weights": (as_pickle, r"pickles \(pytorch_model.bin\).*save_pretrained"),
    "code beside the model": (
        lambda f: change(f, "config.json", auto_map={"AutoModelForCausalLM": "evil.Model"}),
        r"config.json asks to run code.*auto_map",
    ),
    "code beside the tokenizer": (
        lambda f: change(f, "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.T", None]}),
        r"tokenizer_config.json asks to run code",
    ),
    "code from the hub": (
        lambda f: change(f, "config.json", _attn_implementation_internal="evil/kernel"),
        r"code from the hub",
    ),
    "an adapter": (lambda f: change(f, "adapter_config.json", base_model_name_or_path="x"), "merge"),
    "an adapter alone": (only_an_adapter, r"adapter of 'owner/base-model', not a whole model.*merge_and_unload"),
    "no configuration": (lambda f: (f / "config.json").unlink(), "no config.json"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), r"no weights \(model.safetensors\)"),
    "a shard elsewhere": (with_remote_shard, r"names '\.\./elsewhere.safetensors'"),
    "a pickled shard": (with_pickled_shard, "names 'rest.bin'"),
    "a missing shard": (without_a_shard, "names 'model-00002-of-00002.safetensors', no safetensors file"),
    "quantised": (
        lambda f: change(f, "config.json", quantization_config={"quant_method": "gptq"}),
        r"quantised \(gptq\)",
    ),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer"),
    "broken JSON": (lambda f: (f / "config.json").write_text("{"), "not readable JSON"),
    "endless JSON": (lambda f: (f / "config.json").write_text("[" * 100_000), "not readable JSON"),
}


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def test_a_sound_folder_passes(folder: Path) -> None:
    check_folder(folder)
    assert is_whole(folder)


@pytest.mark.parametrize("case", CASES)
def test_a_folder_is_refused_at_once_with_the_reason(case: str, folder: Path) -> None:
    spoil, reason = CASES[case]
    spoil(folder)
    started = time.monotonic()
    with pytest.raises(UserError, match=reason) as refusal:
        check_folder(folder)
    assert time.monotonic() - started < 1
    assert "\n" not in str(refusal.value)
    assert not (folder / "exploded").exists()


def test_the_bomb_of_these_tests_is_live(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(tmp_path / "exploded")))
    assert (tmp_path / "exploded").exists()


@pytest.mark.parametrize("content", [b"", b"1234567", b"\x80\x04K\x01.", (100).to_bytes(8, "little") + b"{}"])
def test_weights_without_room_for_a_header_are_no_safetensors_file(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=r"refused: model\.safetensors is no safetensors file, or not all of one"):
        check_folder(folder)


@pytest.mark.parametrize(
    "tensors",
    [
        {"w": {}},
        {"w": {"shape": [1]}},
        {"w": {"dtype": "U8", "shape": "12", "data_offsets": [0, 4]}},
        {"w": {"dtype": "F16", "shape": [1.5], "data_offsets": [0, 4]}},
        {"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}},
        {"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2, 4]}},
        {"w": []},
        {"w": {"dtype": "U8", "shape": [33], "data_offsets": [0, 4]}},
        {"w": {"dtype": "U8", "shape": [5], "data_offsets": [0, 5]}},
        {"v": THREE_BYTES, "w": THREE_BYTES},
    ],
)
def test_a_header_that_is_not_sound_is_refused(folder: Path, tensors: Any) -> None:
    text = json.dumps(tensors).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + b"1234")
    with pytest.raises(UserError, match=r"refused: model\.safetensors is no safetensors file, or not all of one"):
        check_folder(folder)


def test_the_size_of_a_model_is_counted_without_its_memory(folder: Path) -> None:
    model = tiny.tiny_model()
    numbers = sum(one.numel() for one in (*model.parameters(), *model.buffers()))
    assert model_size(folder, "AutoModelForCausalLM") == numbers
    check_size(folder)


def test_a_hundred_billion_weights_are_refused(folder: Path) -> None:
    large_by_the_book(folder)
    # 2 layers of an MLP of three square matrices of 120,000, and some more
    assert model_size(folder, "AutoModelForCausalLM") > 2 * 3 * 120_000**2
    with pytest.raises(UserError, match=r"^model.name: .* is refused: config.json asks for \d+ weights"):
        check_size(folder)


def test_a_configuration_that_cannot_be_built_is_left_to_the_loading(folder: Path) -> None:
    change(folder, "config.json", model_type="zebra")
    assert model_size(folder, "AutoModelForCausalLM") == 0
    check_size(folder)


def test_pickles_beside_safetensors_are_not_in_the_way(folder: Path) -> None:
    (folder / "optimizer.pt").write_bytes(b"")
    check_folder(folder)


def test_a_folder_with_only_a_gguf_names_it(tmp_path: Path) -> None:
    (tmp_path / "m.Q4_0.gguf").write_bytes(b"GGUF")
    with pytest.raises(UserError, match=r"m\.Q4_0\.gguf"):
        check_folder(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_broken_off_download_is_not_whole(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert not is_whole(folder)


def test_whole_is_not_the_same_as_safe(folder: Path) -> None:
    change(folder, "config.json", auto_map={"AutoModel": "x.Y"})
    assert is_whole(folder)
