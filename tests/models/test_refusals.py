"""Which model folders are refused before anything of them is loaded."""

import json
import pickle
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whet.errors import UserError
from whet.models.refusals import check_folder, is_whole


def change(folder: Path, name: str, **changes: Any) -> None:
    path = folder / name
    record = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(record | changes))


class Bomb:
    """Leaves a file behind when unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def as_pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(folder / "exploded")))


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
    "no configuration": (lambda f: (f / "config.json").unlink(), "no config.json"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), r"no weights \(model.safetensors\)"),
    "a shard elsewhere": (with_remote_shard, r"names '\.\./elsewhere.safetensors'"),
    "a pickled shard": (with_pickled_shard, "names 'rest.bin'"),
    "a missing shard": (without_a_shard, "model-00002-of-00002.safetensors is missing"),
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
