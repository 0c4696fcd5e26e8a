"""Run folders for the browser tests: an ordinary one, one beside it, one that strangers wrote, and broken ones."""

import json
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.made_run import make_run, metrics_of, rollouts_of, timings_of, write_step
from browser.payloads import PAYLOADS
from whet.runs import jsonl, layout

STEPS, GROUPS, SIZE, TOKENS = 12, 4, 8, (24, 40)

OBSERVED = 6
"""The step of the plain runs whose rollouts have ratios and entropies."""

END = "<|im_end|>"
LETTERS = (END, "\n", *(chr(code) for code in range(32, 127)))
"""The vocabulary of the plain runs: a token is a letter."""

Record = dict[str, Any]


def plain_run(folder: Path, seed: int = 0, steps: int = STEPS) -> Path:
    """A finished run whose tokens spell its completions; in its second group every third token is a tool's."""
    make_run(folder, steps, GROUPS, SIZE, TOKENS, problems=6, seed=seed)
    tokenizer_of(folder / layout.FINAL, LETTERS)
    for step in range(steps):
        change_step(folder, step, lambda record: _spelled(record) | _tool(record, len(record["text"]) + 1))
    if steps > OBSERVED:
        change_step(folder, OBSERVED, _observed)
    return folder


def _spelled(record: Record) -> Record:
    """A record whose tokens are the letters of its text and an end token."""
    ids = [LETTERS.index(letter) for letter in record["text"]] + [LETTERS.index(END)]
    return record | {"tokens": ids, "logprobs": [-0.01 * (at % 300) for at in range(len(ids))]}


def _observed(record: Record) -> Record:
    """A record with what an update found of its tokens."""
    places = range(len(record["tokens"]))
    ratios, clipped = [1 - 0.05 * (at % 10) for at in places], [at % 10 > 4 for at in places]
    return record | {"ratio": ratios, "clipped": clipped, "entropy": [0.25 * (at % 4) for at in places]}


def _tool(record: Record, length: int) -> Record:
    return {"loss_mask": [at % 3 != 0 for at in range(length)]} if record["group"] == 1 else {}


def change_step(folder: Path, step: int, change: Callable[[Record], Record]) -> None:
    """Writes the rollouts of `step` again, each as `change` gives it."""
    path = folder / layout.ROLLOUTS / layout.rollouts_name(step)
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    write_step(folder, step, [change(record) for record in records])


def append_step(folder: Path, step: int) -> None:
    """Adds one more step to a run, as a run that goes on does: rollouts, then the figures."""
    records = rollouts_of(step, GROUPS, SIZE, TOKENS, 6, 0, 0.7)
    write_step(folder, step, records)
    for name, line in ((layout.TIMINGS, timings_of(step)), (layout.METRICS, metrics_of(step, records))):
        with (folder / name).open("ab") as file:
            file.write(jsonl.encode(line) + b"\n")


def hostile_run(folder: Path, payloads: Sequence[str] = PAYLOADS) -> Path:
    """A run in which every text that a stranger can write is a payload, tokens included."""
    groups = len(payloads) // SIZE + 1
    make_run(folder, 2, groups, SIZE, TOKENS, problems=6)
    tokenizer_of(folder / layout.FINAL, payloads)
    for step in range(2):
        change_step(folder, step, lambda record: _poisoned(record, payloads))
    _poison_lines(
        folder / layout.METRICS, lambda at, line: line | {payloads[at]: 1.0, f"rewards/{payloads[at + 2]}/mean": 0.5}
    )
    _poison_lines(
        folder / layout.HEALTH,
        lambda at, line: line | {"sentence": payloads[at], "fix": payloads[at + 20], "detector": payloads[at + 40]},
    )
    for stage in ("base", "final"):
        poisoned = partial(_poisoned_answer, payloads, stage)
        _poison_lines(folder / layout.EVALUATIONS / f"{stage}.jsonl", poisoned)
    _poison_manifest(folder, payloads)
    (folder / layout.LOG).write_text("\n".join(payloads).replace("\x00", ""), encoding="utf-8")
    return folder


def _poisoned(record: Record, payloads: Sequence[str]) -> Record:
    at = (record["group"] * SIZE + record["sample"]) % len(payloads)
    poison = payloads[at]
    texts = {
        "question": poison,
        "gold": poison,
        "text": f"<think>{poison}</think>\n<answer>{poison}</answer>",
        "problem": poison,
    }
    parts = {"accuracy": record["parts"]["accuracy"], poison: 0.5}
    tokens = {"tokens": [(at + shift) % len(payloads) for shift in range(12)], "logprobs": [-0.5] * 12}
    return record | texts | tokens | {"parts": parts, "extra": {poison: poison}}


def _poisoned_answer(payloads: Sequence[str], stage: str, at: int, line: Record) -> Record:
    poison = payloads[at % len(payloads)]
    return line | {"question": poison, "gold": poison, "response": f"{stage} {poison}", "answer": poison}


def _poison_lines(path: Path, change: Callable[[int, Record], Record]) -> None:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps(change(at, line)) + "\n" for at, line in enumerate(lines)), encoding="utf-8")


def _poison_manifest(folder: Path, payloads: Sequence[str]) -> None:
    path = folder / layout.MANIFEST
    manifest = json.loads(path.read_text("utf-8"))
    poison = {"platform": payloads[0], "machine": payloads[10], "versions": {payloads[2]: payloads[3]}}
    path.write_text(
        json.dumps(manifest | poison | {"model": {"name": payloads[4], "source": payloads[5]}}), encoding="utf-8"
    )


def tokenizer_of(folder: Path, words: Sequence[str]) -> None:
    """Writes a tokenizer whose tokens are these words, in order; put together, they stand without spaces."""
    from tokenizers import Tokenizer, decoders, models

    folder.mkdir(parents=True)
    made = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token=words[0]))
    made.decoder = decoders.Fuse()
    made.save(str(folder / "tokenizer.json"))


def broken_runs(root: Path) -> None:
    """Folders that are runs in part: a manifest that is no JSON, another format, no step yet, an empty step file."""
    for name, manifest in (("unreadable-json", "{"), ("other-format", '{"format": 99}')):
        (root / name).mkdir()
        (root / name / layout.RECIPE).write_text("seed: 0\n")
        (root / name / layout.MANIFEST).write_text(manifest)
    begun = make_run(root / "just-begun", 1, 1, 2, TOKENS, problems=2)
    shutil.rmtree(begun / layout.ROLLOUTS)
    shutil.rmtree(begun / layout.EVALUATIONS)
    for name in (layout.METRICS, layout.TIMINGS, layout.HEALTH):
        (begun / name).write_bytes(b"")
