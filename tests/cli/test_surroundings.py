"""Commands in a folder that is gone, in a Python without docstrings, beside files that are called as libraries."""

import subprocess
import sys
from pathlib import Path

from whet import __version__


def _run(*words: str, folder: Path, program: tuple[str, ...] = ("-P", "-m", "whet")) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, *program, *words], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_working_folder_that_is_gone_is_one_line(tmp_path: Path) -> None:
    program = (
        "import os, sys; os.chdir(sys.argv[1]); os.rmdir(sys.argv[1]);"
        "from whet.cli.main import main; main(['check', 'quickstart'])"
    )
    folder = tmp_path / "gone"
    folder.mkdir()
    status, _, said = _run(program, str(folder), folder=tmp_path, program=("-P", "-c"))
    assert status == 2
    assert said.startswith("whet: the working folder ")
    assert said.endswith("is gone; change to one that is there\n")


def test_python_without_docstrings_is_refused_before_a_model_is_loaded(tmp_path: Path) -> None:
    status, _, said = _run("check", "quickstart", folder=tmp_path, program=("-P", "-OO", "-m", "whet"))
    assert status == 2
    assert said.startswith("whet: PYTHONOPTIMIZE: is 2, which takes docstrings away")
    assert said.count("\n") == 1


def test_files_beside_a_run_are_not_taken_for_libraries(tmp_path: Path) -> None:
    (tmp_path / "tyro.py").write_text("raise RuntimeError('not the library')")
    status, printed, said = _run("keys", folder=tmp_path, program=("-m", "whet"))
    assert (status, said) == (0, "")
    assert "grpo.steps" in printed


def test_the_module_still_answers_from_any_folder(tmp_path: Path) -> None:
    assert _run("--version", folder=tmp_path, program=("-m", "whet"))[:2] == (0, f"whet {__version__}\n")
