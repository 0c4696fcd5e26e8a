"""What the soak records of a process, and when it ends it."""

import subprocess
import sys
from pathlib import Path

import psutil

from benchmarks.soak import command, own_gb, summary, watch
from whet.recipe import load_recipe

GROWING = """
import json, sys, time
kept = []
for step in range(3):
    kept.append(bytearray(60_000_000))
    with open(sys.argv[1], "a") as file:
        file.write(json.dumps({"phase": "grpo", "step": step, "step_time": 0.5}) + "\\n")
    time.sleep(0.7)
time.sleep(float(sys.argv[2]))
"""


def watched(timings: Path, stays: float, limit: float) -> list[dict[str, float]]:
    with subprocess.Popen([sys.executable, "-c", GROWING, str(timings), str(stays)]) as run:
        return list(watch(run, timings, limit))


def test_a_line_per_step_with_its_peak(tmp_path: Path) -> None:
    lines = watched(tmp_path / "timings.jsonl", 0.0, 15.0)
    assert [line["step"] for line in lines] == [0, 1, 2]
    assert lines[0]["peak_gb"] < lines[1]["peak_gb"] < lines[2]["peak_gb"] < 0.4


def test_a_process_over_the_limit_is_ended(tmp_path: Path) -> None:
    lines = watched(tmp_path / "timings.jsonl", 60.0, 0.1)
    assert lines[-1]["killed_at_gb"] > 0.1


def test_pages_of_files_are_not_its_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 200_000_000)
    code = "import mmap, sys, time; f = open(sys.argv[1], 'rb'); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)\n"
    code += "sum(m[at] for at in range(0, len(m), 4096)); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "file")], stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        run.stdout.readline()
        process = psutil.Process(run.pid)
        assert process.memory_info().rss > 200_000_000
        assert own_gb(process) < 0.1
        run.kill()


def test_the_summary_by_hand() -> None:
    grpo = [{"phase": "grpo", "peak_gb": peak} for peak in (1.0, 2.0, 3.0, 2.5, 1.0, 2.0, 2.2, 2.1)]
    assert summary([{"phase": "sft", "peak_gb": 4.0}, *grpo]) == {
        "steps": 8,
        "peak_gb": 4.0,
        "first_quarter_gb": 2.0,
        "last_quarter_gb": 2.2,
    }


def test_the_command_is_a_recipe_that_loads(tmp_path: Path) -> None:
    words = command(Path("model"), Path("data"), tmp_path, 5, 6, 200)
    pairs = [(name.removeprefix("--"), value) for name, value in batched(words[words.index("quickstart") + 1 :])]
    config = load_recipe("quickstart", pairs)
    assert (config.grpo.steps, config.grpo.prompts_per_step, config.grpo.sampling.max_tokens) == (5, 6, 200)
    assert config.rewards[0].name == f"{tmp_path / 'uneven.py'}:uneven"
    assert config.model.lora is None


def test_a_run_that_is_there_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "soak"
    run.mkdir(parents=True)
    (run / "manifest.json").touch()
    assert command(Path("model"), Path("data"), tmp_path, 5, 6, 200)[-2:] == ["resume", str(run)]


def test_steps_of_before_are_not_its_own(tmp_path: Path) -> None:
    timings = tmp_path / "timings.jsonl"
    timings.write_text('{"phase": "grpo", "step": 7, "step_time": 0.5}\n')
    assert [line["step"] for line in watched(timings, 0.0, 15.0)] == [0, 1, 2]


def batched(words: list[str]) -> list[tuple[str, str]]:
    return list(zip(words[::2], words[1::2], strict=True))
