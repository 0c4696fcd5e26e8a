"""R23: ten thousand tiny steps: memory, descriptors and processes level, no step far slower than another."""

import json
from pathlib import Path

import psutil
import pytest

import tiny
from whet.api import train
from whet.runs.reader import RunReader
from whet.runs.views.view import PlainView
from wiring import shrunk, write_rewards

STEPS = 10_000


@pytest.mark.slow
def test_ten_thousand_steps(tmp_path: Path) -> None:
    folder = tiny.save_tiny(tmp_path / "model")
    changes = {
        "rewards": [f"{write_rewards(tmp_path)}:digits"],
        "sft.when": "never",
        "grpo.steps": STEPS,
        "grpo.prompts_per_step": 1,
        "grpo.group_size": 2,
        "grpo.sampling.max_tokens": 4,
        "grpo.optimizer.learning_rate": 1e-6,
        "eval.every": 1000,
        "eval.problems": 2,
        "run.save_every": 500,
        "run.name": "it",
    }
    process, seen = psutil.Process(), []

    def look(line: str) -> None:
        """At each line that is told, at most once a second."""
        if line.startswith("[GRPO "):
            seen.append((process.memory_info().rss, process.num_fds(), len(process.children(recursive=True))))

    train(shrunk(folder, tmp_path, changes), view=PlainView(look))
    settled = seen[len(seen) // 5 :]
    first, last = settled[: len(settled) // 4], settled[-len(settled) // 4 :]
    grown = max(m for m, _, _ in last) - max(m for m, _, _ in first)
    times = sorted(line["step_time"] for line in RunReader(tmp_path / "it").timings())
    p50, p99 = times[len(times) // 2], times[int(0.99 * len(times))]
    print(json.dumps({"grown_mib": grown / 2**20, "p50": p50, "p99": p99, "samples": len(seen)}))
    assert len(times) == STEPS
    assert grown < 64 * 2**20
    assert max(fds for _, fds, _ in last) <= max(fds for _, fds, _ in first) + 2
    assert max(children for _, _, children in last) <= max(children for _, _, children in first)
