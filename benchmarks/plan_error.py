"""The error of `whet plan`: each case is planned in one process and run in another; makes the table of planning.md.

Time is CPU time with one thread, on both sides, so that other programs of the machine do not count; memory is the
largest resident size of the run's process. Models are SmolLM2-135M, and it cut to its first layers.

    python -m benchmarks.plan_error --out results.jsonl [CASE …]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

SIZES: Mapping[str, Mapping[str, int]] = {
    "7M": {"num_hidden_layers": 2, "hidden_size": 128, "intermediate_size": 384, "num_attention_heads": 4},
    "42M": {"num_hidden_layers": 4},
    "70M": {"num_hidden_layers": 12},
    "135M": {},
}
"""What is changed of SmolLM2-135M. Where only layers are left out the weights are its own, else random."""

SHORT: Mapping[str, Any] = {
    "check.problems": 8,
    "check.gold": 100,
    "check.rounds": 1,
    "check.on_no_signal": "train",
    "sft.steps": 6,
    "sft.batch_size": 8,
    "sft.held_out": 8,
    "grpo.steps": 3,
    "grpo.prompts_per_step": 4,
    "grpo.sampling.max_tokens": 32,
    "eval.problems": 48,
}
"""Fewer steps, and completions shorter than any solution: a model of a few layers does not learn in six steps to end
where the solutions end, and how long completions become is not what this measures."""

RECIPES: Mapping[str, Mapping[str, Any]] = {
    "warm start, then GRPO": {"sft.when": "always"},
    "GRPO alone, long answers": {"sft.when": "never", "grpo.sampling.max_tokens": 128, "grpo.group_size": 4},
    "LoRA": {"sft.when": "always", "model.lora": {"rank": 16}},
    "a reference, two passes": {"sft.when": "always", "grpo.objective.beta": 0.04, "grpo.objective.iterations": 2},
}

REWARD = """\
def uneven(completions, **kwargs):
    return [float(place % 2) for place, _ in enumerate(completions)]
"""
"""A reward that differs within every group."""

CASES = {f"{recipe}, {size}": (changes, size) for recipe, changes in RECIPES.items() for size in SIZES}


def cut_model(changes: Mapping[str, int], folder: Path) -> Path:
    """Writes SmolLM2-135M with changes to its configuration."""
    import torch
    from transformers import AutoModelForCausalLM

    from whet.models import load_model

    loaded = load_model("SmolLM2-135M-Instruct", torch.float32)
    model: Any = loaded.model
    for name, value in changes.items():
        setattr(model.config, name, value)
    if "hidden_size" in changes:
        model.config.num_key_value_heads, model.config.head_dim = 2, 32
        model = AutoModelForCausalLM.from_config(model.config)
    else:
        model.model.layers = model.model.layers[: model.config.num_hidden_layers]
    model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder


def settings(case: str, model: Path, runs: Path) -> dict[str, Any]:
    """The overrides of the quickstart recipe for a case; every group has a signal, so all of it is learned from."""
    changes, _ = CASES[case]
    reward = runs / "uneven.py"
    reward.write_text(REWARD, encoding="utf-8")
    return {
        **SHORT,
        **changes,
        "rewards": json.dumps([f"{reward}:uneven"]),
        "model.name": str(model),
        "run.folder": str(runs),
    }


def planned(case: str, model: Path, runs: Path) -> dict[str, Any]:
    """Plans a case in this process."""
    from whet.plan.make_plan import make_plan
    from whet.recipe import load_recipe
    from whet.runs.views.view import PlainView
    from whet.text import silent

    config = load_recipe("quickstart", list(settings(case, model, runs).items()))
    began = time.perf_counter()
    plan = make_plan(config, PlainView(silent), clock=time.process_time)
    return {**plan.as_dict(), "calibration_seconds": time.perf_counter() - began}


def ran(case: str, model: Path, runs: Path) -> dict[str, Any]:
    """Runs a case in this process."""
    import whet
    from whet.runs.phase_record import peak_bytes
    from whet.runs.views.phase_times import PhaseTimes

    times = PhaseTimes(time.process_time)
    whet.train("quickstart", settings(case, model, runs), view=times)
    return {"phases": times.spent(), "peak_bytes": peak_bytes()}


WORK: Mapping[str, Callable[[str, Path, Path], dict[str, Any]]] = {"plan": planned, "run": ran}


def measured(case: str) -> dict[str, Any]:
    """Plans and runs a case, each in a process of its own; returns planned and actual."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model = cut_model(SIZES[CASES[case][1]], folder / "model")
        found = {}
        for what in WORK:
            command = [sys.executable, "-m", "benchmarks.plan_error", "--one", what, case, str(model), str(folder)]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            found[what] = json.loads(done.stdout.splitlines()[-1])
    return {"case": case, **found}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The results as Markdown."""
    lines = [
        "| recipe, size | planned s | actual s | error | planned GB | actual GB | error |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        plan, run = row["plan"], row["run"]
        seconds = sum(spent for _, spent in run["phases"])
        time_error, memory_error = (
            f"{100 * (guess / truth - 1):+.0f} %"
            for guess, truth in ((plan["seconds"], seconds), (plan["memory_peak"], run["peak_bytes"]))
        )
        memory = f"{plan['memory_peak'] / 1e9:.2f} | {run['peak_bytes'] / 1e9:.2f}"
        lines.append(
            f"| {row['case']} | {plan['seconds']:.0f} | {seconds:.0f} | {time_error} | {memory} | {memory_error} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measures the cases that are named, or all, and prints the table of all results so far."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=4, metavar=("WHAT", "CASE", "MODEL", "RUNS"), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=Path("plan_error.jsonl"))
    parser.add_argument("cases", nargs="*", metavar="CASE")
    given = parser.parse_args()
    if given.one:
        what, case, model, runs = given.one
        print(json.dumps(WORK[what](case, Path(model), Path(runs))))
        return
    for case in given.cases or CASES:
        row = measured(case)
        with given.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(table([row]).splitlines()[-1], flush=True)
    print(table([json.loads(line) for line in given.out.read_text(encoding="utf-8").splitlines()]))


if __name__ == "__main__":
    main()
