"""Whole steps on a GPU, Whet's and TRL's, the sampler alone, and a run of `whet train`."""

import inspect
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import fmean, median
from typing import Any

import torch

from benchmarks.equal_work import limit_of
from benchmarks.gpu_stage import Stage
from benchmarks.rounds import CONTENDERS
from benchmarks.work import Work
from whet.compute.limit import Machine, Shape
from whet.rollout.engine_choice import ENGINE_OPTIONS

ROOT = Path(__file__).parents[1]

PACKAGES = ("torch", "transformers", "triton", "trl", "datasets", "peft", "bitsandbytes", "pyarrow", "numpy")

PHASES = ("step", "rollout", "learn", "optimizer")

EXPECTED = {200: "0.35 s at most, η 0.30 at least; aim 0.26 s", 512: "η 0.40 at least; aim 0.50"}
"""By completion tokens, what a step on an H200 must reach (docs/gpu.md)."""


def environment(stage: Stage) -> None:
    """What this machine is, and how fast it computes and copies."""
    from whet.compute.device import pick_dtype
    from whet.compute.machine import measure_machine
    from whet.policy.varlen_call import varlen_function

    for name in PACKAGES:
        try:
            stage.say(name, version(name))
        except PackageNotFoundError:
            stage.say(name, "not installed")
    if stage.is_real:
        card = torch.cuda.get_device_properties(0)
        stage.say("card", f"{card.name}, sm_{card.major}{card.minor}, {card.total_memory / 2**30:.0f} GiB")
    stage.say("varlen_attn", str(inspect.signature(varlen_function()))[:300])
    dtype = pick_dtype("auto", stage.device)
    stage.say("dtype: auto", str(dtype), "bfloat16 from compute capability 8.0 on, else float32")
    machine = measure_machine(stage.device, dtype)
    stage.say("Φ in TFLOP/s", round(machine.flops / 1e12, 1), "770 to 800 on an H200 or H100")
    stage.say("β in TB/s", round(machine.bandwidth / 1e12, 2), "4.3 on an H200, 3.0 on an H100")


def whole(stage: Stage) -> None:
    """Whole steps at equal work, by phase, with η; each work in a process of its own.

    With compiled layers, as in a run of some hundred steps; compiling counts in the whole process alone.
    """
    for work in stage.works:
        found = contender(stage, "whet_steps.py", work, 3, compile="always")
        seconds = {phase: median(step[phase] for step in found["steps"]) for phase in PHASES}
        least = limit_of(Shape(**found["shape"]), Machine(**found["machine"]), work)
        name = f"Q{work.prompts} G{work.group} P{work.prompt_tokens} C{work.tokens}"
        stage.say(
            f"{name}: s", {phase: round(taken, 4) for phase, taken in seconds.items()}, EXPECTED.get(work.tokens, "")
        )
        etas = {phase: round(least[phase] / max(seconds[phase], 1e-9), 3) for phase in PHASES}
        stage.say(f"{name}: η (the limit is {1e3 * least['step']:.0f} ms)", etas)
        stage.say(f"{name}: peak GiB", round(found["peak_gib"], 2))
        stage.say(f"{name}: s of the whole process", round(found["seconds_whole"], 1))


def trl(stage: Stage) -> None:
    """TRL's steps at the first work, tuned and as it comes, on the same machine."""
    if not stage.is_real:
        stage.say("TRL", "left out of a rehearsal")
        return
    for tuned in (True, False):
        found = contender(stage, "trl_steps.py", stage.works[0], 1, tuned=tuned)
        seconds = {phase: round(median(step[phase] for step in found["steps"]), 3) for phase in PHASES}
        stage.say(f"TRL {'tuned' if tuned else 'as it comes'}: s", seconds, "3.4 to 5 for a step on an H200")


def contender(stage: Stage, worker: str, work: Work, steps: int, **options: Any) -> dict[str, Any]:
    """One process of a contender. Raises `RuntimeError` with its last line where it fails."""
    given = json.dumps({"model": str(stage.folder()), "work": asdict(work), "steps": steps, **options})
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "TOKENIZERS_PARALLELISM": "false"}
    if not stage.is_real:
        environment["CUDA_VISIBLE_DEVICES"] = ""
    done = subprocess.run(
        [sys.executable, str(CONTENDERS / worker), given],
        capture_output=True, text=True, env=environment, timeout=max(stage.seconds, 60.0),
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def decode(stage: Stage) -> None:
    """The sampler alone: loading, milliseconds a token by rows and engine, kernels, and memory that is given back."""
    from whet.rollout.native import NativeSampler

    policy = stage.policy()
    policy.end_tokens = frozenset
    stage.clear()
    before = torch.cuda.memory_allocated() if stage.is_real else 0
    sampler = NativeSampler()
    for work in stage.works:
        name, sample = f"{work.rows} rows", partial(sampled, sampler, work)
        stage.say(f"{name}: ms of loading", stage.ms(lambda: sampler.load(policy), 3, 1), "2 to 5")
        sampler.load(policy)
        first = stage.ms(sample, 1, 0)
        again = stage.ms(sample, 2, 0)
        stage.say(f"{name}: ms of {work.tokens} tokens, first / then", f"{first} / {again}")
        stage.say(f"{name}: engines that failed", sampler.engine_choice.failed, "0")
        stage.say(
            f"{name}: ms a token, prefill included",
            round(again / work.tokens, 3),
            "1.15 for 64 rows, 2.3 for 512 on an H200",
        )
        by_kernels(stage, f"{work.rows}", sample)
        sampler.release()
        sampler.engine_choice.idle = None
    stage.clear()
    held = (torch.cuda.memory_allocated() - before) / 2**20 if stage.is_real else 0.0
    stage.say("MiB held after release", round(held, 1), "0 but for buffers that are kept on purpose")
    other_engines(stage, policy)


def sampled(sampler: Any, work: Work) -> Any:
    """All completions of a step."""
    from whet.types import Request, SamplingParams

    requests = [
        Request(tuple(range(4, 4 + work.prompt_tokens)), tuple(range(at * work.group, (at + 1) * work.group)))
        for at in range(work.prompts)
    ]
    return sampler.generate(requests, SamplingParams(1.0, max_tokens=work.tokens))


def refill(stage: Stage) -> None:
    """Tokens a second of 64 prompts × 8 rows of spread lengths: all at once, and in a quarter of the places.

    There waiting prompts begin in the places of ended rows, or when all have ended. Weights are random, so all tokens
    are about equally likely: where each `mean`-th ends a row, lengths spread geometrically.
    """
    from whet.rollout.native import NativeSampler

    work, mean = (Work(64, 8, 100, 2000), 500) if stage.is_real else (Work(6, 2, 10, 60), 12)
    policy = stage.policy()
    ends = frozenset(range(0, policy.model.get_output_embeddings().weight.shape[0], mean))
    policy.end_tokens = lambda: ends
    sampler = NativeSampler()
    sampler.load(policy)
    engine: Any = sampler.engine
    lengths = [len(one.tokens) for some in sampled(sampler, work) for one in some]  # records
    spread = f"{median(lengths):.0f}, {fmean(lengths):.0f}, {max(lengths)}"
    stage.say("tokens of a response: median, mean, largest", spread, f"0.7 × {mean}, {mean}, {work.tokens} at most")
    few, threshold = work.rows // 4, engine.refill_threshold
    for name, rows, share, expected in (
        ("all rows at once", work.rows, threshold, ""),
        ("a quarter of the places, refilled", few, threshold, "1.5 × the next at least"),
        ("a quarter of the places, not refilled", few, 0.0, ""),
    ):
        sampler.max_rows, engine.refill_threshold = rows, share
        taken = stage.ms(partial(sampled, sampler, work), 1, 0)
        stage.say(f"{name}: tokens a second", round(1e3 * sum(lengths) / taken), expected)
    stage.say("engines that failed", sampler.engine_choice.failed, "0")
    sampler.release()


def by_kernels(stage: Stage, name: str, sample: Callable[[], Any]) -> None:
    """The kernels of a call: their number, and their milliseconds without the gaps between them."""
    count, spent = stage.kernels(f"decode_{name}", sample)
    stage.say(f"{name} rows: kernels of a call, their ms", f"{count}, {spent}")


def other_engines(stage: Stage, policy: Any) -> None:
    """Those that sample where the first one fails."""
    from whet.rollout.native import NativeSampler

    work = replace(stage.works[0], tokens=min(stage.works[0].tokens, 64))
    for failed, option in enumerate(ENGINE_OPTIONS[stage.device.type][1:], 1):
        sampler = NativeSampler()
        sampler.engine_choice.failed = failed
        sampler.load(policy)
        taken = stage.ms(partial(sampled, sampler, work), 1, 1)
        stage.say(f"{work.rows} rows by {option.what}: ms a token", round(taken / work.tokens, 3))
        sampler.release()


def train(stage: Stage) -> None:
    """A whole `whet train`: the quickstart on SmolLM2-135M where its weights were carried, else on the tiny model."""
    out = stage.out / "runs"
    weights = next(iter(sorted((ROOT / ".carry").glob("*.gguf"))), None)
    words = ["train", "quickstart", "--run.folder", str(out), "--run.name", "gpu"]
    if weights is None or not stage.is_real:
        words += ["--model.name", str(stage.folder()), *SHORT]
    else:
        words += ["--model.name", str(weights), "--grpo.steps", "20"]
    began = time.perf_counter()
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "whet", *words],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, timeout=max(stage.seconds, 60.0),
    )  # fmt: skip
    last = (done.stdout + done.stderr).strip().splitlines()[-1:] or [""]
    stage.say(
        "whet train: exit status",
        done.returncode if done.returncode == 0 else f"{done.returncode}: {last[0][:160]}",
        "0",
    )
    stage.say("whet train: s", round(time.perf_counter() - began, 1))
    timings = out / "gpu" / "timings.jsonl"
    if timings.is_file():
        lines = [json.loads(line) for line in timings.read_text("utf-8").splitlines()]
        steps = [line for line in lines if line["phase"] == "grpo"]
        stage.say("whet train: s a step, median", round(median(line["step_time"] for line in steps), 3))


SHORT = (
    *("--check.problems", "2", "--check.samples", "2", "--check.rounds", "1", "--check.gold", "4"),
    *("--check.on_no_signal", "train", "--sft.when", "never", "--grpo.steps", "2", "--eval.problems", "4"),
    *("--grpo.prompts_per_step", "2", "--grpo.group_size", "4", "--grpo.sampling.max_tokens", "12"),
)
"""What makes the quickstart a matter of seconds."""
