"""R4: the same seed, whatever else differs: hash seed, folder, time zone, language."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crashes import contents
from wiring import words, write_rewards

ELSEWHERE = [
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "4711", "TZ": "America/Lima", "LC_ALL": "C.UTF-8"},
]


@pytest.mark.parametrize("lora", [pytest.param(False, marks=pytest.mark.slow), True])
def test_equal_metrics_and_weights(tiny_folder: Path, tmp_path: Path, lora: bool) -> None:
    found = []
    for number, environment in enumerate(ELSEWHERE):
        folder = tmp_path / f"{'deeper/' * number}{number}"
        folder.mkdir(parents=True)
        changes = {
            "rewards": f"[{write_rewards(tmp_path)}:digits]",
            "sft.when": "always",
            "grpo.steps": 3,
            "grpo.objective.beta": 0.1,
            "run.name": "it",
            **({"model.lora.rank": 4} if lora else {}),
        }
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "from whet.cli.main import main; main()",
                "train",
                "quickstart",
                *words(tiny_folder, folder, changes),
            ],
            env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found.append(contents(folder / "it"))
    assert found[0] == found[1]
    assert "final/model.safetensors" in found[0]
