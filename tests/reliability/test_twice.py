"""R4: the same seed, whatever else differs: hash seed, folder, time zone, language."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crashes import contents
from whet.api import train
from whet.runs.views.view import PlainView
from wiring import shrunk, words, write_rewards

ELSEWHERE = {"PYTHONHASHSEED": "4711", "TZ": "America/Lima", "LC_ALL": "C", "OMP_NUM_THREADS": "1"}
"""The environment of the other process; the tests' own has a hash seed drawn by chance."""


@pytest.mark.parametrize("lora", [pytest.param(False, marks=pytest.mark.slow), True])
def test_equal_metrics_and_weights(tiny_folder: Path, tmp_path: Path, lora: bool) -> None:
    """One run in this process, and one in a new interpreter, elsewhere."""
    changes = {
        "rewards": f"[{write_rewards(tmp_path)}:digits]",
        "sft.when": "always",
        "grpo.steps": 3,
        "grpo.objective.beta": 0.1,
        "run.name": "it",
        **({"model.lora.rank": 4} if lora else {}),
    }
    elsewhere = tmp_path / "deeper" / "elsewhere"
    elsewhere.mkdir(parents=True)
    whet = [sys.executable, "-c", "from whet.cli.main import main; main()", "train", "quickstart"]
    done = subprocess.run(
        [*whet, *words(tiny_folder, elsewhere, changes)],
        env={**os.environ, **ELSEWHERE},
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rewards = [f"{tmp_path / 'rewards.py'}:digits"]
    here = train(shrunk(tiny_folder, tmp_path, {**changes, "rewards": rewards}), view=PlainView(lambda line: None)).path
    assert contents(here) == contents(elsewhere / "it")
    assert "final/model.safetensors" in contents(here)
