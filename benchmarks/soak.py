"""R23 at the size of a real model: a hundred steps of changing lengths at Qwen2.5-0.5B's shape, memory recorded.

    python -m benchmarks.soak --data shared/data/gsm8k --out /tmp/soak

Weights are random, so responses would never end: a share of the vocabulary ends them, and their lengths are geometric.
The run is a process of its own (`whet train`); this one looks at its memory, writes a line per step to `soak.jsonl` and
ends it where it takes more than `--limit` GB, before the kernel ends anything else. Asked again for the same folder, it
goes on (`whet resume`).
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import tyro

SHAPE = {
    "vocab_size": 151936,
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
    "tie_word_embeddings": True,
}
"""Qwen2.5-0.5B."""

FIRST_END = 100_000
"""The first of the tokens that end a response."""

REWARD = "def uneven(completion_ids, **kwargs):\n    return [float(len(ids) % 7) for ids in completion_ids]\n"
"""A reward that differs within every group."""

GB = 1e9


def ends(mean: int) -> range:
    """Returns the tokens that end a response: one of `mean`, so that responses have `mean` tokens before any is cut."""
    return range(FIRST_END, FIRST_END + SHAPE["vocab_size"] // mean)


def make_model(folder: Path, mean: int) -> None:
    """Writes a model of `SHAPE` with random bfloat16 weights, and the tokenizer of the packaged model.

    Its responses have `mean` tokens on average before they are cut off.
    """
    import torch
    from transformers import AutoTokenizer, GenerationConfig, Qwen2Config, Qwen2ForCausalLM

    from whet.models.load import resolve

    tokenizer = AutoTokenizer.from_pretrained(resolve("SmolLM2-135M-Instruct"))
    torch.manual_seed(0)
    model = Qwen2ForCausalLM(Qwen2Config(**SHAPE, eos_token_id=tokenizer.eos_token_id)).to(torch.bfloat16)
    model.generation_config = GenerationConfig(eos_token_id=[tokenizer.eos_token_id, *ends(mean)])
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def command(model: Path, data: Path, out: Path, steps: int, prompts: int, tokens: int) -> list[str]:
    """The command line of the run: a short warm start, then `steps` steps of `prompts` × 8 responses."""
    reward = out / "uneven.py"
    reward.write_text(REWARD, encoding="utf-8")
    keys: Mapping[str, Any] = {
        "model.name": model,
        "data.train": json.dumps({"name": "gsm8k", "path": str(data)}),
        "format": "reasoning_answer",
        "rewards": json.dumps([f"{reward}:uneven"]),
        "check.problems": 1,
        "check.samples": 2,
        "check.gold": 8,
        "sft.when": "always",
        "sft.steps": 4,
        "grpo.steps": steps,
        "grpo.prompts_per_step": prompts,
        "grpo.group_size": 8,
        "grpo.sampling.max_tokens": tokens,
        "grpo.objective.beta": 0.0,
        "eval.problems": 2,
        "run.folder": out / "runs",
        "run.name": "soak",
    }
    words = [word for name, value in keys.items() for word in (f"--{name}", str(value))]
    begun = out / "runs" / "soak"
    asked = ["resume", str(begun)] if (begun / "manifest.json").is_file() else ["train", "quickstart", *words]
    return [sys.executable, "-c", "from whet.cli.main import main; main()", *asked]


def watch(run: subprocess.Popen[bytes], timings: Path, limit: float) -> Iterator[dict[str, Any]]:
    """Yields a line per step while the process runs: its phase, number, seconds, and the peak of memory since the last.

    Steps that are there already are not its own. Kills it where it takes more than `limit` GB.
    """
    process, peak, seen = psutil.Process(run.pid), 0.0, len(_lines(timings))
    while run.poll() is None:
        try:
            resident = own_gb(process)
        except psutil.NoSuchProcess:
            return
        peak = max(peak, resident)
        if resident > limit:
            run.kill()
            yield {"killed_at_gb": resident}
            return
        lines = _lines(timings)
        seen = min(seen, len(lines))  # a resumed run drops the steps after its last checkpoint
        for line in map(json.loads, lines[seen:]):
            yield {"phase": line["phase"], "step": line["step"], "seconds": line["step_time"], "peak_gb": peak}
            peak = resident
        seen = len(lines)
        time.sleep(0.2)


def own_gb(process: psutil.Process) -> float:
    """Returns the memory that a process holds, in GB, without the pages of files, which cost nothing to give back."""
    found = process.memory_info()
    return float(found.rss - getattr(found, "shared", 0)) / GB


def _lines(timings: Path) -> list[str]:
    return timings.read_text(encoding="utf-8").splitlines() if timings.is_file() else []


def summary(lines: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Returns steps, the peak over all, and the peaks of the first and the last quarter of the GRPO steps, in GB."""
    peaks = [line["peak_gb"] for line in lines if line.get("phase") == "grpo"]
    quarter = max(len(peaks) // 4, 1)
    return {
        "steps": len(peaks),
        "peak_gb": round(max((line["peak_gb"] for line in lines if "peak_gb" in line), default=0.0), 2),
        "first_quarter_gb": round(max(peaks[:quarter], default=0.0), 2),
        "last_quarter_gb": round(max(peaks[-quarter:], default=0.0), 2),
    }


def main(
    data: Path, out: Path, model: Path | None = None, steps: int = 100, prompts: int = 6, tokens: int = 200,
    mean: int = 80, limit: float = 15.0,
) -> None:  # fmt: skip
    """Run the soak.

    Args:
        data: a folder with GSM8K's rows.
        out: where the model, the run, its output and `soak.jsonl` go.
        model: a model folder; the default is made.
        steps: GRPO steps.
        prompts: prompts of a step, 8 responses to each.
        tokens: of the longest response.
        mean: tokens of a response of the made model, on average, before the longest are cut off.
        limit: GB of memory at which the run is ended.
    """
    out.mkdir(parents=True, exist_ok=True)
    folder = model or out / "model"
    if not folder.is_dir():
        make_model(folder, mean)
    lines: list[dict[str, Any]] = []
    with (out / "run.log").open("wb") as log, (out / "soak.jsonl").open("a", encoding="utf-8") as kept:
        run = subprocess.Popen(command(folder, data, out, steps, prompts, tokens), stdout=log, stderr=log)
        for line in watch(run, out / "runs" / "soak" / "timings.jsonl", limit):
            lines.append(line)
            print(json.dumps(line), file=kept, flush=True)
    print(json.dumps(summary(lines)))


if __name__ == "__main__":
    tyro.cli(main)
