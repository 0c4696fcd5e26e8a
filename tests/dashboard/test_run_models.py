"""The models of runs by name, and what keeps one from being loaded."""

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from page_runs import page_run
from serving import tiny_run
from whet.dashboard.library import Library
from whet.dashboard.run_models import models_of, shelf_of, too_large, trains
from whet.errors import UserError


@pytest.fixture
def library(tmp_path: Path) -> Library:
    folder = page_run(tmp_path / "sweep" / "a")
    (folder / "final").mkdir()
    (folder / "final" / "model.safetensors").write_bytes(b"x" * 1000)
    (folder / "checkpoints" / "step-2").mkdir(parents=True)
    (folder / "checkpoints" / "step-11").mkdir(parents=True)
    (folder / "checkpoints" / "sft").mkdir()
    page_run(tmp_path / "b")
    return Library(tmp_path)


def begin(folder: Path) -> None:
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat()}
    (folder / "owner.json").write_text(json.dumps(owner))


def test_the_models_of_a_run(library: Library) -> None:
    assert [one["part"] for one in models_of(library.root / "sweep" / "a")] == ["", "step-11", "step-2", "base"]
    assert [one["part"] for one in models_of(library.root / "b")] == ["base"]


def test_the_names_of_all_models(library: Library) -> None:
    names = list(shelf_of(library).names())
    assert sorted(names) == ["b:base", "sweep/a", "sweep/a:base", "sweep/a:step-11", "sweep/a:step-2"]


def test_a_finished_model_is_loaded_by_the_name_of_its_run(tmp_path: Path) -> None:
    run = tiny_run(tmp_path)
    shelf = shelf_of(Library(tmp_path))
    assert shelf.get(run.name).folder == str(run / "final")
    assert shelf.get(f"{run.name}:base").folder == str(tmp_path / "base")
    assert shelf.context_of(run.name) is None  # one at a time
    with pytest.raises(UserError, match="'gone' is not here any more"):
        shelf.get("gone")


def test_beside_a_training_a_model_must_fit(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=4100))
    folder = library.root / "sweep" / "a"
    assert too_large(folder, 1) is None  # 2,000 bytes of 2,050, half of what is free
    assert "the models need about" in str(too_large(folder, 2))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=3900))
    assert not trains(library)
    begin(library.root / "b")
    assert trains(library)
    with pytest.raises(UserError, match=r"^model: the models need about .* are free while a run trains; wait for it"):
        shelf_of(library).get("sweep/a")
