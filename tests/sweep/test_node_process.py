"""What an actor on a node does: sees files of other machines, starts a process in a folder, tells how it ended."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from processes import soon
from whet.errors import UserError
from whet.rollout.ray_name import own_name
from whet.sweep import node_process
from whet.sweep.node_process import ANSWER, NodeProcess, seen
from whet.sweep.run_trial import Ended


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(node_process, "PATIENCE", 0.2)
    monkeypatch.chdir(tmp_path)


def test_it_tells_where_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    context = SimpleNamespace(get_node_id=lambda: "0a1b")
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(get_runtime_context=lambda: context))  # type: ignore[arg-type]
    assert NodeProcess().about() == (own_name(), "0a1b")


def test_a_file_that_is_there_is_answered(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    assert not NodeProcess().sees(str(asked))
    assert list(tmp_path.iterdir()) == []
    asked.touch()
    assert NodeProcess().sees(str(asked))
    assert seen(tmp_path / f"asked{ANSWER}")


def test_a_process_is_started_in_the_folder_and_interrupted(tmp_path: Path) -> None:
    package = tmp_path / "whet"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "Path('asked').write_text(os.environ['WANTED'] + ' ' + ' '.join(sys.argv[1:]))\n"
        "try:\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(75)\n"
    )
    process = NodeProcess()
    process.start(["train", "x"], str(tmp_path), {"WANTED": "yes", "PYTHONPATH": str(tmp_path)})
    assert soon(lambda: (tmp_path / "asked").exists() and (tmp_path / "asked").read_text() == "yes train x", 30)
    assert process.poll() is None
    process.interrupt()
    assert soon(lambda: process.poll() is not None, 30)
    assert process.poll() == Ended(75, "")


def test_a_folder_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match=r"^--ray: /nowhere/x is no folder on .*; start the sweep in a folder that all"):
        NodeProcess().start([], "/nowhere/x", {})
