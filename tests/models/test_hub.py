"""Models from the hub: its local cache first, then the network, which is given up on quickly."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import errors

from whet.errors import UserError
from whet.models import hub
from whet.models.hub import NotHereError, cached, fetched


def snapshot(home: Path, name: str, source: Path) -> Path:
    """`source` laid out as a snapshot of `name` in a hub cache."""
    repository = home / "hub" / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    return Path(shutil.copytree(source, repository / "snapshots" / "abc"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def test_a_cached_snapshot_is_found(home: Path, tiny_folder: Path) -> None:
    expected = snapshot(home, "somebody/tiny", tiny_folder)
    assert cached("somebody/tiny") == expected


def test_what_is_not_cached_or_no_hub_name_is_not_here(home: Path) -> None:
    with pytest.raises(NotHereError, match="not there"):
        cached("somebody/absent")
    with pytest.raises(NotHereError, match="not a hub name"):
        cached("a b/c?")


def test_half_a_snapshot_is_not_here(home: Path, tiny_folder: Path) -> None:
    (snapshot(home, "somebody/tiny", tiny_folder) / "model.safetensors").unlink()
    with pytest.raises(NotHereError, match="part"):
        cached("somebody/tiny")


def answer(monkeypatch: pytest.MonkeyPatch, reply: Any) -> None:
    """The hub's answer to a question about any model: file sizes by name, or an error."""

    def model_info(self: Any, name: str, **_: Any) -> Any:
        if isinstance(reply, Exception):
            raise reply
        return SimpleNamespace(siblings=[SimpleNamespace(rfilename=k, size=v) for k, v in reply.items()])

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)


FILES = {
    "config.json": 1_000,
    "tokenizer.json": 2_000_000,
    "model.safetensors": 40_000_000,
    "pytorch_model.bin": 40_000_000,
    "modeling_own.py": 100,
    "onnx/model.safetensors": 10**9,
    "adapter_config.json": 10,
}


def test_only_data_is_fetched_and_its_size_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: dict[str, Any] = {}

    def snapshot_download(name: str, **options: Any) -> str:
        asked.update(options, name=name)
        return str(tmp_path)

    answer(monkeypatch, FILES)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    said: list[str] = []
    assert fetched("somebody/tiny", said.append) == tmp_path
    assert said == ["fetching somebody/tiny (42 MB) from the hub"]
    kept = huggingface_hub.utils.filter_repo_objects(
        FILES, allow_patterns=asked["allow_patterns"], ignore_patterns=asked["ignore_patterns"]
    )
    assert set(kept) == {"config.json", "tokenizer.json", "model.safetensors"}


def test_pickles_are_refused_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, {"config.json": 1, "pytorch_model.bin": 10})
    with pytest.raises(UserError, match="no safetensors weights on the hub"):
        fetched("somebody/pickled")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.HFValidationError("x"), "not a hub name"),
        (errors.OfflineModeIsEnabled("x"), "HF_HUB_OFFLINE"),
        (OSError("Name or service not known"), r"out of reach \(Name or service not known\)"),
        (OSError(), r"out of reach \(OSError\)"),
    ],
)
def test_why_the_hub_has_it_not_is_said(monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str) -> None:
    answer(monkeypatch, error)
    with pytest.raises(NotHereError, match=reason):
        fetched("somebody/tiny")


@pytest.mark.parametrize("name", ["GatedRepoError", "RepositoryNotFoundError", "OfflineModeIsEnabled"])
def test_the_reasons_name_errors_that_the_hub_library_has(name: str) -> None:
    assert name in hub.REASONS
    assert hasattr(errors, name)


def test_a_download_that_breaks_off_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot_download(name: str, **options: Any) -> str:
        raise OSError("connection reset")

    answer(monkeypatch, FILES)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    with pytest.raises(NotHereError, match="connection reset"):
        fetched("somebody/tiny")


@pytest.fixture
def black_hole() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


ASK = """
import sys, time
from whet.models import hub
hub.PATIENCE = 0.5
started = time.monotonic()
try:
    hub.fetched("somebody/tiny")
except hub.NotHereError as reason:
    print(reason)
print(time.monotonic() - started)
"""


def test_a_hub_that_never_answers_is_given_up_on(black_hole: str, tmp_path: Path) -> None:
    environment = {**os.environ, "HF_ENDPOINT": black_hole, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    reason, waited = done.stdout.splitlines()
    assert "out of reach" in reason
    assert float(waited) < 3
    assert time.monotonic() - started < 30
