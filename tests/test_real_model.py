"""The real SmolLM2-135M-Instruct on real rows: minutes on a CPU."""

import json
from pathlib import Path

import pytest

from whet.cli import _status

CHANGES = {
    "sft.when": "never",
    "check.problems": 4,
    "check.samples": 2,
    "grpo.steps": 3,
    "grpo.prompts_per_step": 2,
    "grpo.group_size": 4,
    "grpo.sampling.max_tokens": 96,
    "eval.problems": 8,
}


@pytest.mark.slow
@pytest.mark.model
def test_gsm8k_for_three_steps_by_overrides_alone(shared: Path, tmp_path: Path) -> None:
    """A shipped recipe, another model and another data set: only overrides."""
    data = f"{{name: gsm8k, path: {shared / 'gsm8k'}}}"
    changes = {**CHANGES, "data.train": data, "format": "gsm8k", "run.folder": tmp_path}
    words = [word for key, value in changes.items() for word in (f"--{key}", str(value))]
    assert _status(["train", "quickstart", *words]) == 0
    (run,) = tmp_path.iterdir()
    metrics = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in metrics if line["phase"] == "grpo"] == [0, 1, 2]
    assert all(line["completions/tokens"] > 0 for line in metrics)
    assert (run / "final" / "model.safetensors").is_file()
