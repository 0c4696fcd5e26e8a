"""A small run folder written by hand, with figures that a test can count on: for the tests of the page."""

import json
from pathlib import Path
from typing import Any

RIGHT = ((1, 4), (3, 0), (2, 4), (4, 1))
"""By step and group: how many of the four responses are right. Step 1 has its groups' problems swapped."""

PROBLEMS = (("p-0", "What is 1 + 1?", "2"), ("p-1", "What is 40 + 2?", "42"))
SIZE = 4
CREATED = "2026-11-01T10:00:00+00:00"

RECIPE = """\
seed: 0
model: {name: tiny}
data: {train: {name: arithmetic}}
format: {name: think_answer}
grpo:
  steps: 4
  prompts_per_step: 2
  group_size: 4
  objective: {name: grpo}
  sampling: {temperature: 0.7, max_tokens: 16}
rewards:
- {name: accuracy, weight: 1.0}
"""


def problem_of(step: int, group: int) -> tuple[str, str, str]:
    """Id, question and gold answer of a group."""
    return PROBLEMS[(group + (step == 1)) % 2]


def record(step: int, group: int, sample: int) -> dict[str, Any]:
    """A rollout: the first ones of a group are right; the last one of group 1 of step 3 is truncated."""
    name, question, gold = problem_of(step, group)
    right = sample < RIGHT[step][group]
    cut = (step, group, sample) == (3, 1, 3)
    answer = gold if right else str(int(gold) + 1 + sample % 2)
    return {
        "step": step,
        "group": group,
        "sample": sample,
        "problem": name,
        "question": question,
        "gold": gold,
        "text": "<think>I go on" if cut else f"<think>so</think> <answer>{answer}</answer>",
        "finish": "length" if cut else "stop",
        "reward": float(right),
        "parts": {"accuracy": float(right)},
        "advantage": 0.5 if right else -0.5,
        "tokens": [11, 12, 13][: 2 + sample % 2],
        "logprobs": [-0.25, -0.75, -0.5][: 2 + sample % 2],
    }


def step_records(step: int) -> list[dict[str, Any]]:
    """All rollouts of a step."""
    return [record(step, group, sample) for group in range(2) for sample in range(SIZE)]


def metrics_line(step: int) -> dict[str, Any]:
    """The figures of a step, from its rollouts."""
    rights = RIGHT[step]
    return {
        "phase": "grpo",
        "step": step,
        "reward": sum(rights) / 8,
        "frac_reward_zero_std": sum(right in (0, 4) for right in rights) / 2,
        "completions/clipped_ratio": 0.125 if step == 3 else 0.0,
        "completions/mean_length": 2.5,
        "completions/max_length": 3.0,
        "completions/tokens": 20.0,
    }


def timings_line(step: int) -> dict[str, Any]:
    """Ten seconds a step: four of sampling, one of grading, five of learning."""
    at = f"2026-11-01T10:0{step}:00.000+00:00"
    seconds = {"seconds/rollout": 4.0, "seconds/grade": 1.0, "seconds/reference": 0.0}
    shares = {"efficiency": 0.5, "efficiency/rollout": 0.25, "efficiency/learn": 0.6}
    return {"phase": "grpo", "step": step, "at": at, "step_time": 10.0, "tokens_per_second": 2.0, **shares, **seconds}


def lines(records: list[dict[str, Any]]) -> str:
    """Records as JSON lines."""
    return "".join(json.dumps(one) + "\n" for one in records)


def evaluation(right: set[int], n: int = 5) -> list[dict[str, Any]]:
    """Records of `n` problems, those in `right` answered right."""
    return [
        {
            "id": f"t-{at}",
            "question": f"What is {at} + 5?",
            "gold": str(at + 5),
            "response": f"<think>x</think> <answer>{at + 5 if at in right else 0}</answer>",
            "answer": str(at + 5) if at in right else "0",
            "correct": at in right,
            "lenient": at in right,
            "formatted": True,
            "tokens": 10 + at,
            "finish": "stop",
        }
        for at in range(n)
    ]


def write_evaluation(folder: Path, stage: str, right: set[int]) -> None:
    """An evaluation of five problems; each file is replaced whole, as Whet does it."""
    summary = {"problems": 5, "correct": len(right), "accuracy": len(right) / 5, "format_rate": 1.0, "pass@2": 0.6}
    (folder / "eval").mkdir(exist_ok=True)
    for name, text in ((f"{stage}.jsonl", lines(evaluation(right))), (f"{stage}.json", json.dumps(summary))):
        temporary = folder / "eval" / f".{name}.tmp"
        temporary.write_text(text)
        temporary.replace(folder / "eval" / name)


def write_rollouts(folder: Path, step: int) -> None:
    """The rollouts of a step."""
    (folder / "rollouts").mkdir(exist_ok=True)
    (folder / "rollouts" / f"step-{step:06d}.jsonl").write_text(lines(step_records(step)))


def page_run(folder: Path, steps: int = 4) -> Path:
    """A finished run of up to four steps: two problems, four responses each, two evaluations, one finding."""
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(RECIPE)
    manifest = {"format": 1, "name": folder.name, "created": CREATED, "seed": 0}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for step in range(steps):
        write_rollouts(folder, step)
    (folder / "metrics.jsonl").write_text(lines([metrics_line(step) for step in range(steps)]))
    (folder / "timings.jsonl").write_text(lines([timings_line(step) for step in range(steps)]))
    finding = {"step": 3, "detector": "truncated", "figure": 0.3, "threshold": 0.25, "sentence": "Cut.", "fix": "More."}
    (folder / "health.jsonl").write_text(lines([finding] if steps > 3 else []))
    write_evaluation(folder, "base", {0, 1})
    write_evaluation(folder, "final", {1, 2, 3})
    log = f"{CREATED} [Load]\n{CREATED[:14]}01:00+00:00 [GRPO 4/4]  reward 0.6\n{CREATED[:14]}02:00+00:00 finished\n"
    (folder / "train.log").write_text(log)
    return folder
