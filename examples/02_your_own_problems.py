"""Your own problems and your own reward: a JSONL file, a function, and a recipe as a mapping.

python examples/02_your_own_problems.py
"""

import json
import random
import sys
from pathlib import Path

import whet

REWARD = '''
def brief(completions, **columns):
    """1 for an answer of at most eight words, less for more. Any function written for TRL runs unchanged."""
    texts = [completion[0]["content"] for completion in completions]
    return [min(1.0, 8 / max(len(text.split()), 1)) for text in texts]
'''


def write_problems(path: Path, count: int = 400) -> None:
    """One problem a line: a question, its answer, and, for a warm start, worked reasoning."""
    dice = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for a, b in {(dice.randrange(2, 60), dice.randrange(2, 60)) for _ in range(count)}:
            problem = {
                "question": f"How much is {a} and {b}?",
                "answer": str(a + b),
                "solution": f"{a} + {b} = {a + b}",
            }
            file.write(json.dumps(problem) + "\n")


def main() -> None:
    write_problems(Path("problems.jsonl"))
    Path("my_rewards.py").write_text(REWARD, encoding="utf-8")
    recipe = {
        "model": "SmolLM2-135M-Instruct",
        "data": {"train": {"name": "problems.jsonl", "params": {"hold_out": 0.2}}},
        "format": "think_answer",
        "rewards": [{"name": "accuracy"}, {"name": "my_rewards.py:brief", "weight": 0.1}],
        "grpo": {"steps": 10, "prompts_per_step": 8, "group_size": 8, "sampling": {"max_tokens": 48}},
    }
    run = whet.train(recipe, dict(pair.split("=", 1) for pair in sys.argv[1:]))
    for line in run.reader.metrics():
        print(f"step {line['step']}: reward {line['reward']:.2f}, brief {line['rewards/brief/mean']:.2f}")


if __name__ == "__main__":
    main()
