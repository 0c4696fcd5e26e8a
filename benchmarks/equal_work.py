"""Seconds per whole GRPO step at equal work: Whet, TRL as it comes, TRL tuned; interleaved, each in its own process."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
ENGINES = {
    "whet": ["whet_step.py"],
    "trl as it comes": ["trl_step.py"],
    "trl tuned": ["trl_step.py", "--tuned"],
}


def main() -> None:
    """Runs the rounds and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3, help="steps counted in each process")
    parser.add_argument("--engines", nargs="*", default=list(ENGINES), choices=list(ENGINES))
    parser.add_argument("--json", type=Path, default=HERE / "results" / "equal_work.json")
    options = parser.parse_args()

    seconds: dict[str, list[float]] = {name: [] for name in options.engines}
    memory: dict[str, float] = dict.fromkeys(options.engines, 0.0)
    for _ in range(options.rounds):
        for name in options.engines:
            found = run(ENGINES[name], options.model, options.steps)
            seconds[name] += found["seconds"]
            memory[name] = max(memory[name], found["peak_gib"])
            print(f"{name}: {', '.join(f'{s:.2f}' for s in found['seconds'])} s", file=sys.stderr, flush=True)
    write(seconds, memory, options)


def run(script: list[str], model: str, steps: int) -> dict:
    """One process: its counted steps, and its peak memory."""
    command = [sys.executable, str(HERE / script[0]), *script[1:], "--model", model, "--steps", str(steps)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def write(seconds: dict[str, list[float]], memory: dict[str, float], options: argparse.Namespace) -> None:
    """The table on standard output and the whole of it as JSON."""
    ours = statistics.median(seconds["whet"]) if "whet" in seconds else None
    rows = {}
    for name, times in seconds.items():
        middle = statistics.median(times)
        rows[name] = {"median": middle, "min": min(times), "max": max(times), "peak_gib": memory[name], "all": times}
        ratio = f"{middle / ours:.1f} ×" if ours else ""
        print(f"{name:<18}{middle:8.2f} s  [{min(times):.2f}, {max(times):.2f}]  {memory[name]:5.1f} GiB  {ratio}")
    machine = {
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
    }
    packages = {name: version(name) for name in ("torch", "transformers", "trl", "whet")}
    command = " ".join(["python", "benchmarks/equal_work.py", *sys.argv[1:]])
    whole = {"command": command, "machine": machine, "versions": packages, "seconds_per_step": rows}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
