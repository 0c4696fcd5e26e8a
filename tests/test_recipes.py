"""Every shipped recipe goes the whole way: real rows, a tiny model, two steps, by overrides alone."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import tiny
from whet.api import train
from whet.data import overlap, prompt_length
from whet.errors import UserError
from whet.recipe import load_recipe, recipe_names
from whet.runs.reader import RunReader
from whet.sandbox.pick import pick
from whet.stages import manifest
from wiring import listening

SMALL: Mapping[str, Any] = {
    "model.dtype": "float32",
    "check.problems": 2,
    "check.samples": 2,
    "check.gold": 4,
    "sft.steps": 2,
    "sft.batch_size": 2,
    "grpo.steps": 2,
    "grpo.prompts_per_step": 2,
    "grpo.group_size": 2,
    "grpo.sampling.max_tokens": 8,
    "eval.problems": 2,
    "eval.every": 1,
    "run.save_every": 1,
    "run.trackers": [],
    "run.push": None,
}
"""What makes any recipe cost a second."""

NEEDS: Mapping[str, str] = {"countdown": "reasoning_gym"}
"""Packages beyond Whet's own."""

RUNS_CODE = "code-mbpp-style"
"""Needs a sandbox that works."""


def several(file: Path, folder: Path, ask: Callable[[dict[str, Any], str], None]) -> str:
    """A folder with four rows made of the one there is: `ask` adds words to its question."""
    row = file.read_text("utf-8").splitlines()[0]
    folder.mkdir()
    with (folder / "train.jsonl").open("w", encoding="utf-8") as out:
        for number in range(4):
            another = json.loads(row)
            ask(another, f" ({number})")
            out.write(json.dumps(another) + "\n")
    return str(folder)


def ask_numina(row: dict[str, Any], words: str) -> None:
    row["problem"] += words


def ask_stratos(row: dict[str, Any], words: str) -> None:
    row["conversations"][0]["value"] += words


def a_sandbox_works() -> None:
    try:
        pick()
    except UserError as error:
        pytest.skip(str(error))


def rows(shared: Path, folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """By recipe, where the real rows are in place of the hub."""
    return {
        "numina-stratos-qwen0.5b": {
            "data.train.path": several(shared / "numina_math" / "train.jsonl", folder / "numina", ask_numina),
            "data.test": {"name": "math500", "path": str(shared / "math500")},
            "sft.data.path": several(shared / "bespoke_stratos" / "train.jsonl", folder / "stratos", ask_stratos),
            "sft.data.params": {"worked": "solution", "hold_out": 0.0},
        },
        "gsm8k-cpu": {"data.train.path": str(shared / "gsm8k"), "grpo.learn_from": 2},
        "gsm8k-qwen0.5b": {"data.train.path": str(shared / "gsm8k")},
        "gsm8k-output-consistency": {"data.train.path": str(shared / "gsm8k")},
        "gsm8k-qlora-cold-start": {"data.train.path": str(shared / "gsm8k")},
    }


@pytest.mark.parametrize("name", recipe_names())
def test_two_steps_of_every_recipe(name: str, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (manifest, overlap, prompt_length):  # problems of an endless source that are looked at, 10 ms each
        monkeypatch.setattr(module, "SAMPLE", 20)
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    if name == RUNS_CODE:
        a_sandbox_works()
    model = tiny.save_tiny(tmp_path / "model", "qwen2", max_position_embeddings=4096)  # a token is a letter
    own = rows(shared, tmp_path).get(name, {})
    changes = {**SMALL, **own, "model.name": str(model), "run.folder": str(tmp_path / "runs")}
    config = load_recipe(name, changes)
    _, view = listening()
    outcome = train(name, changes, view=view)
    assert outcome.path.name == f"{name}-001"
    run = RunReader(outcome.path)
    steps = [line for line in run.metrics() if line["phase"] == "grpo"]
    assert [line["step"] for line in steps] == [0, 1]
    asked = {reward.name.rpartition(":")[2] for reward in config.rewards}
    told = {key.split("/")[1] for key in steps[0] if key.startswith("rewards/")}
    assert told == asked
    assert (outcome.path / "final" / "model.safetensors").exists()
    assert list(outcome.evaluations)[-1] == "final"
