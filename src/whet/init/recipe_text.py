"""Writes a recipe as YAML with a sentence on every part."""

import json

from whet.init.choices import Choices
from whet.text import shell_quoted

HEAD = """# {title}
#   whet check {file}      is there something to learn from?
#   whet plan {file}       minutes, memory and tokens before they are spent
#   whet train {file}      the whole way; `whet keys` lists every key

# Which model: a folder, a GGUF file, a hub name, or a packaged model.
model: {model}

# What it learns from, and the problems that it is measured on and never sees.
data:
{data}

# How it answers: {layout}.
format: {format}

# What an answer is worth: the weighted sum of these.
rewards:
  - {{name: {reward}, weight: 1.0}}
  - {{name: format_soft, weight: 0.1}}   # a little for the layout, so that answers can be found

# A warm start on worked solutions, if the check finds too little signal. {solutions}
sft:
  when: auto

# The reinforcement: in each step 8 problems, 8 responses to each.
grpo:
  steps: 100
  prompts_per_step: 8
  group_size: 8
  sampling: {{temperature: 1.0, max_tokens: {max_tokens}}}   # {room}
  optimizer: {{learning_rate: 1e-5, warmup_steps: 5}}        # lower it if the reward falls; see docs/diagnosis.md

# How the gain is measured: held-out problems, answered greedily, before, every 25 steps, and after.
eval:
  problems: {eval_problems}
  every: 25
"""

LAYOUTS = {
    "think_answer": "<think>…</think> <answer>…</answer>",
    "reasoning_answer": "<reasoning>…</reasoning> <answer>…</answer>",
    "reasoning_output_answer": "<reasoning>…</reasoning> <output>…</output> <answer>…</answer>",
    "boxed": "free text with \\boxed{…}",
    "gsm8k": "free text that ends in #### and the answer",
    "plain": "free text, of which the last number counts",
}
"""The built-in formats in a word."""


def recipe_text(choices: Choices, file: str) -> str:
    """Returns the recipe's text; it loads to the same settings as `choices.tree()`."""
    worked = "This data has some." if choices.solutions else "This data has none; name some in sft.data."
    fits = "room for its solutions and more" if choices.solutions else "a response is cut off after these"
    return HEAD.format(
        title=f"{choices.model} on {choices.data}",
        file=shell_quoted(file),
        model=_quoted(choices.model),
        data="\n".join(_data(choices)),
        layout=LAYOUTS.get(choices.format, choices.format),
        format=choices.format,
        reward=choices.reward,
        solutions=worked,
        max_tokens=choices.max_tokens,
        room=fits,
        eval_problems=choices.eval_problems,
    )


def _data(choices: Choices) -> list[str]:
    lines = ["  train:", f"    name: {_quoted(choices.data)}"]
    if choices.hold_out:
        lines.append(f"    params: {{hold_out: {choices.hold_out}}}   # this share of it is held out")
    if choices.test:
        lines += ["  test:", f"    name: {_quoted(choices.test)}"]
    return lines


def _quoted(text: str) -> str:
    """A text as YAML, quoted where it might be read as something else."""
    plain = all(letter.isalnum() or letter in "_-./" for letter in text) and text[:1].isalpha()
    return text if plain and text.lower() not in ("true", "false", "null", "yes", "no") else json.dumps(text)
