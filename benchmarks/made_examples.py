"""Makes the runs of docs/how-to/page.md without training: a healthy one, and three that are ill in different ways.

`python -m benchmarks.made_examples FOLDER`: answers are drawn by chance, and what is found is what Whet's own detectors
say of the figures. Nothing is learned, and no figure here is a measurement of Whet.
"""

import argparse
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.made_run import metrics_of, timings_of, write_head, write_step
from whet.diagnose.health import Finding, Health
from whet.errors import UserError
from whet.files import write_bytes
from whet.models import packaged
from whet.models.hub import NotHereError
from whet.runs import jsonl, layout

Row = dict[str, Any]

STEPS, GROUPS, SIZE, PROBLEMS = 60, 8, 8, 128
MODEL = "SmolLM2-135M-Instruct"
CHARACTERS = 2.2
"""Characters of a token, about, in sums."""


@dataclass(frozen=True)
class World:
    """What is true of a policy at one step: shares of its answers."""

    accuracy: float
    kept: float = 0.99
    """Keep the layout."""
    cut: float = 0.01
    """Are truncated."""
    digits: float = 0.0
    """Repeat digits that nobody asked for, because digits are paid."""
    entropy: float = 0.12


HEALTHS: dict[str, Callable[[float], World]] = {
    "healthy": lambda t: World(0.22 + 0.42 * t, entropy=0.14 - 0.07 * t),
    "cold-start": lambda t: World(0.0, kept=0.0, cut=0.55, entropy=0.9),
    "truncated": lambda t: World(0.22 + 0.05 * t, cut=0.45 + 0.15 * t),
    "gamed": lambda t: World(0.3 * (1 - t) + 0.03, digits=min(1.0, 0.1 + 1.2 * t), entropy=0.14 - 0.08 * t),
}
"""Name of a run → how it stands at a share `t` of its steps."""


def made(folder: Path, name: str) -> Path:
    """Makes the run `name` in `folder`; returns where it is."""
    run = folder / name
    run.mkdir(parents=True)
    write_head(run, STEPS, seed=0)
    world, health = HEALTHS[name], Health(("accuracy",))
    findings = _measure(run, layout.BASE, world(0), health)
    with (run / layout.METRICS).open("wb") as metrics, (run / layout.TIMINGS).open("wb") as timings:
        for step in range(STEPS):
            now = world(step / STEPS)
            records = [one for group in range(GROUPS) for one in _group(name, step, group, now)]
            write_step(run, step, records)
            figures = _figures(step, records, now)
            metrics.write(jsonl.encode(figures) + b"\n")
            timings.write(jsonl.encode(timings_of(step)) + b"\n")
            findings += health.step(step, figures)
            if (step + 1) % 20 == 0:
                stage = "final" if step + 1 == STEPS else layout.stage_of(step + 1)
                findings += _measure(run, stage, world((step + 1) / STEPS), health)
    jsonl.write(run / layout.HEALTH, [found.as_dict() for found in findings])
    (run / layout.LOG).write_text(
        f"2026-11-01T00:00:00+00:00 [GRPO {STEPS}/{STEPS}]\n2026-11-01T00:09:00+00:00 finished\n"
    )
    return run


def _group(name: str, step: int, group: int, world: World) -> Iterator[Row]:
    """G answers to one sum, with rewards and advantages."""
    rng = random.Random(f"{name} {step} {group}")
    place = rng.randrange(40)
    a, b = 11 + place % 8 * 9, 13 + place // 8 * 11
    chance = min(0.98, max(0.0, rng.gauss(world.accuracy, 0.2 if world.accuracy else 0)))
    answers = [_answer(rng, a, b, world, chance) for _ in range(SIZE)]
    rewards = [answer["reward"] for answer in answers]
    mean = sum(rewards) / SIZE
    deviation = (sum((one - mean) ** 2 for one in rewards) / (SIZE - 1)) ** 0.5
    for sample, answer in enumerate(answers):
        place_of = {"step": step, "group": group, "sample": sample}
        asked = {"problem": f"sum-{a}-{b}", "question": f"What is {a} + {b}?", "gold": str(a + b)}
        yield {**place_of, **asked, **answer, "advantage": (answer["reward"] - mean) / deviation if deviation else 0.0}


def _answer(rng: random.Random, a: int, b: int, world: World, chance: float) -> Row:
    right = rng.random() < chance
    value = a + b if right else a + b + rng.choice((-10, -1, 1, 10))
    tens, ones = a // 10 * 10 + b // 10 * 10, a % 10 + b % 10
    long = rng.random() < 0.3 + world.accuracy
    worked = f"{a // 10 * 10} + {b // 10 * 10} = {tens}, {a % 10} + {b % 10} = {ones}, " if long else ""
    gamed = rng.random() < world.digits
    text = f"<think>{worked}{a} + {b} = {tens} + {ones} = {value}</think>\n<answer>{value}</answer>"
    text = text.replace("</think>", f" {'1234567890' * 4}</think>") if gamed else text
    if rng.random() >= world.kept:
        text = (
            f"To find the sum of {a} and {b}, we can start by adding the numbers together. The answer is {value + 3}."
        )
        right = False
    cut = rng.random() < world.cut
    text = text[: len(text) * 2 // 3] if cut else text
    parts = _parts(text, right and not cut, world)
    tokens = _tokens(text)[: -1 if cut else None]
    logprobs = [-round(rng.expovariate(1 / world.entropy), 6) for _ in tokens]
    finish = "length" if cut else "stop"
    graded = {
        "reward": sum(value * (0.1 if name == "format_soft" else 1) for name, value in parts.items()),
        "parts": parts,
    }
    return {"text": text, "finish": finish, **graded, "tokens": tokens, "logprobs": logprobs}


@cache
def _tokenizer() -> Any:
    """The tokenizer that the recipe names, where it is on this machine."""
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(packaged.cached(MODEL) / "tokenizer.json"))
    except (NotHereError, UserError, OSError):
        return None


def _tokens(text: str) -> list[int]:
    """The tokens of a text, an end token included; without a tokenizer zeros, about as many."""
    if tokenizer := _tokenizer():
        return [*tokenizer.encode(text).ids, tokenizer.token_to_id("<|im_end|>")]
    return [0] * round(len(text) / CHARACTERS)


def _parts(text: str, right: bool, world: World) -> dict[str, float]:
    """What the answer is paid for; where digits are paid, the right answer is not."""
    whole = text.endswith("</answer>")
    if world.digits:
        return {"many_digits": min(40, sum(letter.isdigit() for letter in text)) / 40, "format_soft": float(whole)}
    return {"accuracy": float(right), "format_soft": float(whole)}


def _figures(step: int, records: list[Row], world: World) -> Row:
    """The line of metrics.jsonl."""
    judged = [record | {"parts": {"accuracy": 0.0, "format_soft": 0.0} | record["parts"]} for record in records]
    figures = metrics_of(step, judged) | {"grad_norm": 0.3 if world.accuracy else 0.05}
    if world.digits:
        figures["rewards/many_digits/mean"] = sum(record["parts"]["many_digits"] for record in records) / len(records)
        del figures["rewards/accuracy/mean"], figures["rewards/accuracy/std"]
    return figures


def _measure(run: Path, stage: str, world: World, health: Health) -> list[Finding]:
    """Writes an evaluation of the same problems; returns what is found by it."""
    rng = random.Random("problems")
    records = []
    for number in range(PROBLEMS):
        a, b, draw = 11 + number % 80, 12 + number // 2, rng.random()
        answer = _answer(random.Random(f"{stage} {number}"), a, b, world, 1.0 if draw < world.accuracy else 0.0)
        records.append(_record(f"test-{number}", a, b, answer))
    right = sum(record["correct"] for record in records)
    summary = {
        "problems": PROBLEMS,
        "correct": right,
        "accuracy": right / PROBLEMS,
        "lenient_accuracy": right / PROBLEMS,
        "format_rate": sum(record["formatted"] for record in records) / PROBLEMS,
        "truncated_rate": sum(record["finish"] == "length" for record in records) / PROBLEMS,
        "mean_length": sum(record["tokens"] for record in records) / PROBLEMS,
    }
    jsonl.write(run / layout.EVALUATIONS / f"{stage}.jsonl", records)
    write_bytes(run / layout.EVALUATIONS / f"{stage}.json", jsonl.encode(summary, indent=2))
    return health.measured(summary)


def _record(id: str, a: int, b: int, answer: Row) -> Row:
    text = answer["text"]
    given = text.rpartition("<answer>")[2].removesuffix("</answer>") if text.endswith("</answer>") else None
    correct = given == str(a + b)
    verdict = {"answer": given, "correct": correct, "lenient": correct, "formatted": given is not None}
    asked = {"id": id, "question": f"What is {a} + {b}?", "gold": str(a + b), "response": text}
    return {**asked, **verdict, "tokens": len(answer["tokens"]), "finish": answer["finish"]}


def main() -> None:
    """Makes all four."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for name in HEALTHS:
        print(made(parser.parse_args().folder, name))


if __name__ == "__main__":
    main()
