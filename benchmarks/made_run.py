"""Makes a run folder of any size without training: figures, rollouts, findings and evaluations as a real run has them.

`python -m benchmarks.made_run FOLDER --steps 10000` writes 10,000 steps of 64 responses, about 3 GB.
"""

import argparse
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from whet.files import write_bytes
from whet.recipe import dump_recipe, load_recipe
from whet.runs import jsonl, layout

WORDS = ("so", "the", "sum", "of", "these", "two", "is", "then", "we", "add", "ten", "and", "carry", "one")
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def make_run(
    folder: Path,
    steps: int,
    groups: int = 8,
    size: int = 8,
    tokens: tuple[int, int] = (100, 256),
    problems: int = 7473,
    seed: int = 0,
) -> Path:
    """Writes a finished run of `steps` GRPO steps with `groups` groups of `size` responses; returns its folder."""
    folder.mkdir(parents=True)
    write_head(folder, steps, seed)
    with (folder / layout.METRICS).open("wb") as metrics, (folder / layout.TIMINGS).open("wb") as timings:
        for step in range(steps):
            records = rollouts_of(step, groups, size, tokens, problems, seed, share=0.1 + 0.7 * step / max(1, steps))
            write_step(folder, step, records)
            metrics.write(jsonl.encode(metrics_of(step, records)) + b"\n")
            timings.write(jsonl.encode(timings_of(step, seed)) + b"\n")
    write_findings(folder, steps)
    write_evaluations(folder, steps, seed)
    (folder / layout.LOG).write_text(f"{BEGAN.isoformat()} [GRPO {steps}/{steps}]\n{BEGAN.isoformat()} finished\n")
    return folder


def write_head(folder: Path, steps: int, seed: int) -> None:
    """Writes recipe and manifest."""
    recipe = dump_recipe(load_recipe("quickstart", [("grpo.steps", steps), ("seed", seed)]))
    (folder / layout.RECIPE).write_text(recipe, encoding="utf-8")
    manifest = {
        "format": layout.FORMAT,
        "name": folder.name,
        "created": BEGAN.isoformat(),
        "seed": seed,
        "model": {"name": "made", "source": "made"},
        "data": {"train": {"name": "arithmetic", "problems": None, "sha256": ""}},
    }
    write_bytes(folder / layout.MANIFEST, jsonl.encode(manifest, indent=2))


def rollouts_of(
    step: int, groups: int, size: int, tokens: tuple[int, int], problems: int, seed: int, share: float
) -> list[dict[str, Any]]:
    """The rollouts of a step; a `share` of them is right on average."""
    rng = random.Random(seed * 1_000_003 + step)
    return [record for group in range(groups) for record in _group(rng, step, group, size, tokens, problems, share)]


def _group(
    rng: random.Random, step: int, group: int, size: int, tokens: tuple[int, int], problems: int, share: float
) -> Iterator[dict[str, Any]]:
    number = rng.randrange(problems)
    a, b = number % 90 + 10, number // 90 + 10
    chance = min(0.98, max(0.02, rng.gauss(share, 0.25)))
    right = [rng.random() < chance for _ in range(size)]
    mean = sum(right) / size
    deviation = (sum((one - mean) ** 2 for one in right) / (size - 1)) ** 0.5
    for sample in range(size):
        length = rng.randint(*tokens)
        cut = length > tokens[0] + 0.97 * (tokens[1] - tokens[0])
        correct = right[sample] and not cut
        answer = a + b if correct else a + b + rng.choice((-10, -1, 1, 10, 100))
        said = " ".join(rng.choice(WORDS) for _ in range(length - 20))
        yield {
            "step": step,
            "group": group,
            "sample": sample,
            "problem": f"gsm8k-{number}",
            "question": f"What is {a} + {b}? " + "Say how you found it. " * 6,
            "gold": str(a + b),
            "text": f"<think>{said}" if cut else f"<think>{said}</think>\n<answer>{answer}</answer>",
            "finish": "length" if cut else "stop",
            "reward": float(correct) + 0.1 * (not cut),
            "parts": {"accuracy": float(correct), "format_soft": float(not cut)},
            "advantage": (right[sample] - mean) / deviation if deviation else 0.0,
            "tokens": [rng.randrange(49_000) for _ in range(length)],
            "logprobs": [-round(rng.expovariate(2.0), 7) for _ in range(length)],
        }


def write_step(folder: Path, step: int, records: list[dict[str, Any]]) -> None:
    """Writes the file of a step's rollouts, without waiting for the disk."""
    path = folder / layout.ROLLOUTS / layout.rollouts_name(step)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes("".join(json.dumps(record) + "\n" for record in records).encode())


def metrics_of(step: int, records: list[dict[str, Any]]) -> dict[str, Any]:
    """The line of a step in metrics.jsonl."""
    n = len(records)
    right = sum(record["parts"]["accuracy"] for record in records) / n
    lengths = [len(record["tokens"]) for record in records]
    groups: dict[int, set[float]] = {}
    for record in records:
        groups.setdefault(record["group"], set()).add(record["reward"])
    flat = sum(len(rewards) == 1 for rewards in groups.values()) / len(groups)
    return {
        "phase": "grpo",
        "step": step,
        "rewards/accuracy/mean": right,
        "rewards/accuracy/std": (right * (1 - right)) ** 0.5,
        "rewards/format_soft/mean": sum(record["parts"]["format_soft"] for record in records) / n,
        "reward": sum(record["reward"] for record in records) / n,
        "reward_std": 0.3,
        "frac_reward_zero_std": flat,
        "completions/mean_length": sum(lengths) / n,
        "completions/max_length": float(max(lengths)),
        "completions/clipped_ratio": sum(record["finish"] == "length" for record in records) / n,
        "completions/tokens": float(sum(lengths)),
        "entropy": -sum(sum(record["logprobs"]) for record in records) / sum(lengths),
        "clip_ratio/low_mean": 0.0,
        "clip_ratio/high_mean": 0.0,
        "sampler/logprob_difference_mean": 1e-7 * (step % 7),
        "sampler/logprob_difference_max": 1e-6 * (step % 11),
        "loss": 0.0,
        "grad_norm": 0.5 + 0.1 * (step % 13),
        "learning_rate": 2e-5,
        "non_finite_ratio": 0.0,
    }


def timings_of(step: int, seed: int = 0) -> dict[str, Any]:
    """The line of a step in timings.jsonl."""
    rng = random.Random(seed * 7 + step)
    rollout, learn = rng.uniform(2, 4), rng.uniform(3, 5)
    at = (BEGAN + timedelta(seconds=8 * step)).isoformat(timespec="milliseconds")
    figures = {"step_time": rollout + learn, "tokens_per_second": 11_000 / (rollout + learn), "efficiency": 0.5}
    phases = {"seconds/rollout": rollout, "seconds/grade": 0.1, "seconds/reference": 0.0}
    shares = {"efficiency/rollout": 0.4, "efficiency/learn": 0.6}
    return {"phase": "grpo", "step": step, "at": at, **figures, **shares, **phases}


def write_findings(folder: Path, steps: int) -> None:
    """Writes ten findings over the run."""
    found = {
        "detector": "truncated",
        "figure": 0.31,
        "threshold": 0.25,
        "sentence": "31 % of responses are truncated: what they had found earns nothing.",
        "fix": "raise grpo.sampling.max_tokens",
    }
    steps_of = sorted({number * steps // 10 for number in range(10)})
    (folder / layout.HEALTH).write_bytes(b"".join(jsonl.encode({"step": at, **found}) + b"\n" for at in steps_of))


def write_evaluations(folder: Path, steps: int, seed: int, problems: int = 256) -> None:
    """Writes three evaluations of the same problems: before, half-way and after."""
    stages = {"base": 0.2, layout.stage_of(steps // 2): 0.4, "final": 0.6}
    for stage, share in stages.items():
        rng = random.Random(f"{seed} {stage}")
        records = [_record(rng, number, share) for number in range(problems)]
        right = sum(record["correct"] for record in records)
        summary = {"problems": problems, "correct": right, "accuracy": right / problems, "format_rate": 1.0}
        jsonl.write(folder / layout.EVALUATIONS / f"{stage}.jsonl", records)
        write_bytes(folder / layout.EVALUATIONS / f"{stage}.json", jsonl.encode(summary, indent=2))


def _record(rng: random.Random, number: int, share: float) -> dict[str, Any]:
    correct = rng.random() < share
    answer = str(number + 20 if correct else number + 21)
    return {
        "id": f"test-{number}",
        "question": f"What is {number} + 20?",
        "gold": str(number + 20),
        "response": f"<think>adding</think> <answer>{answer}</answer>",
        "answer": answer,
        "correct": correct,
        "lenient": correct,
        "formatted": True,
        "tokens": 40,
        "finish": "stop",
    }


def main() -> None:
    """Makes a run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=10_000)
    options = parser.parse_args()
    make_run(options.folder, options.steps)


if __name__ == "__main__":
    main()
