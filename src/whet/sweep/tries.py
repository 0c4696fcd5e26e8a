"""How often the training of a trial was broken off from outside, so that a sweep gives up on one that never ends."""

from collections import Counter
from pathlib import Path

from whet.runs import jsonl
from whet.runs.reader import RunReader, is_run
from whet.sweep.trial_folder import Trial

TRIES = "tries.jsonl"
"""In the folder of a sweep: a line for each time that the training of a trial was broken off."""

MOST = 3
"""Tries without a step more than the last one had, after which a trial is given up."""


def broken_off(sweep: Path, trial: Trial) -> int:
    """Writes down that the training of a trial was broken off; returns how many times in a row at the same step."""
    reader = RunReader(trial.path) if is_run(trial.path) else None
    steps = sum(len(reader.metrics(phase)) for phase in ("sft", "grpo")) if reader else 0
    jsonl.append(sweep / TRIES, {"trial": trial.number, "steps": steps})
    return Counter((line["trial"], line["steps"]) for line in jsonl.read(sweep / TRIES))[trial.number, steps]
