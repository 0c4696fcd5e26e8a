"""A model as a folder and as a zip file."""

import hashlib
import json
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
import torch
from transformers import AutoTokenizer

from export.models_to_export import save
from whet.export.hf_folder import load_folder, unpack, write_folder, write_zip
from whet.export.weight_types import TYPES


def test_weights_are_the_same_bytes_and_older_programs_read_the_rotary_base(tmp_path: Path) -> None:
    source = save(tmp_path / "source", rope_parameters={"rope_type": "default", "rope_theta": 77.0})
    (source / "run.py").write_text("print()")
    (source / "adapter_config.json").write_text("{}")
    (source / "pytorch_model.bin").write_bytes(b"")
    write_folder(source, tmp_path / "out", None)
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == (source / "model.safetensors").read_bytes()
    assert json.loads((tmp_path / "out" / "config.json").read_text())["rope_theta"] == 77.0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert not names & {"run.py", "adapter_config.json", "pytorch_model.bin"}
    assert "chat_template.jinja" in names


def test_a_folder_of_an_older_transformers_stays_as_it_is(tmp_path: Path) -> None:
    source = save(tmp_path / "source")
    config = json.loads((source / "config.json").read_text())
    old = {**config, "transformers_version": "4.57.1", "rope_theta": 10000.0}
    del old["rope_parameters"]
    (source / "config.json").write_text(json.dumps(old))
    write_folder(source, tmp_path / "out", None)
    for path in source.iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("kind", ["f16", "bf16"])
def test_weights_are_written_in_another_type(tmp_path: Path, kind: str) -> None:
    source = save(tmp_path / "source")
    write_folder(source, tmp_path / "out", TYPES[kind])
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["torch_dtype"] == config["dtype"] == TYPES[kind].torch
    wanted = load_folder(source).get_input_embeddings().weight
    found = load_folder(tmp_path / "out").get_input_embeddings().weight
    assert torch.equal(found, wanted.to(getattr(torch, config["dtype"])).float())
    assert AutoTokenizer.from_pretrained(tmp_path / "out").encode("the") == AutoTokenizer.from_pretrained(
        source
    ).encode("the")


def test_a_zip_file_has_the_same_bytes_whenever_and_wherever_it_is_made(tmp_path: Path) -> None:
    sums = []
    for place in ("one", "two"):
        folder = tmp_path / place / "deep"
        folder.mkdir(parents=True)
        for name in ("b.json", "a.safetensors") if place == "one" else ("a.safetensors", "b.json"):
            (folder / name).write_text(f"content of {name}")
        (folder / "a.safetensors").touch()
        write_zip(folder, tmp_path / f"{place}.zip", "model")
        sums.append(hashlib.sha256((tmp_path / f"{place}.zip").read_bytes()).hexdigest())
    assert sums[0] == sums[1]
    with ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["model/a.safetensors", "model/b.json"]
        assert {entry.compress_type for entry in archive.infolist()} == {ZIP_STORED}
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}
    folder = unpack(tmp_path / "one.zip", tmp_path / "out")
    assert folder.name == "model"
    assert (folder / "b.json").read_text() == "content of b.json"
