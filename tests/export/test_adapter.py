"""Adapters of a run."""

import shutil
from pathlib import Path

import pytest

from export.models_to_export import save
from whet.api import train
from whet.errors import UserError
from whet.export.adapter import load_adapters, write_adapters
from whet.export.subject import find_subject
from whet.text import silent
from wiring import listening, shrunk


def test_they_are_those_of_the_run_or_there_are_none(tmp_path: Path) -> None:
    base = save(tmp_path / "base")
    changes = {"run.name": "mine", "sft.when": "never", "grpo.steps": 1, "model.lora": {"rank": 2}}
    run = train(shrunk(base, tmp_path / "runs", changes), view=listening()[1])
    subject = find_subject(str(run.path), silent)
    write_adapters(subject, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json"} <= names
    assert not names & {"README.md", "model.safetensors"}
    assert subject.config is not None
    assert "base_model" in next(iter(load_adapters(tmp_path / "out", subject.config).state_dict()))
    shutil.rmtree(run.path / "adapter")
    with pytest.raises(UserError, match=r"keeps no adapters.*:step-N, or leave --adapter out"):
        write_adapters(subject, tmp_path / "again")
