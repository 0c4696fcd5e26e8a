"""`python -m whet` is the command `whet`."""

import subprocess
import sys
from pathlib import Path

import pytest

import whet
from whet import __version__
from whet.__main__ import leave_out_working_folder


def test_the_module_runs_as_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "whet", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"whet {__version__}\n"


def _run(folder: Path, *words: str) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_no_file_beside_a_run_is_taken_for_a_library(tmp_path: Path) -> None:
    """Nor one that is named as what `whet` imports first; Python itself has loaded the others by then."""
    plain, beside = tmp_path / "plain", tmp_path / "beside"
    plain.mkdir()
    beside.mkdir()
    (plain / "loaded.py").write_text("import sys; print(*sys.modules)")
    loaded = _run(plain, "loaded")[1].split()
    assert "random" not in loaded
    for name in {*sys.stdlib_module_names, "tyro", "rich", "pydantic", "yaml"} - {*loaded}:
        (beside / f"{name}.py").write_text(f"raise RuntimeError('not the library {name}')")
    assert _run(beside, "whet", "--version") == (0, f"whet {__version__}\n", "")
    status, printed, said = _run(beside, "whet", "keys")
    assert (status, said) == (0, "")
    assert "grpo.steps" in printed


def test_only_the_working_folder_is_left_out_and_not_where_whet_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path(whet.__file__).resolve().parents[1]
    for folder, first, stays in (
        (tmp_path, str(tmp_path), False),
        (tmp_path, "", False),
        (tmp_path, str(source), True),
        (source, str(source), True),
        (source, "", True),
    ):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "path", [first, "/libraries"])
        leave_out_working_folder()
        assert sys.path == ([first, "/libraries"] if stays else ["/libraries"])
