"""Small steps to grade."""

from collections.abc import Sequence
from typing import Any

from whet.types import Outputs, Problem, Prompt, Rollout


def rollout(text: str) -> Rollout:
    """A response of one token."""
    return Rollout((7,), (-0.5,), text, "stop")


def step(**texts: Sequence[str]) -> tuple[list[Prompt], Outputs]:
    """A prompt by the name of each keyword, whose gold answer is 82, and its responses."""
    prompts = [Prompt(Problem(name, "37 + 45?", "82"), ({"role": "user", "content": "q"},), ()) for name in texts]
    return prompts, [[rollout(text) for text in row] for row in texts.values()]


def contents(completions: Sequence[Any]) -> list[str]:
    """The texts of completions in the form of messages."""
    return [completion[0]["content"] for completion in completions]
