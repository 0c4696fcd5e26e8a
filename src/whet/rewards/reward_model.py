"""A reward model: a sequence classifier's opinion of a conversation (arXiv:2203.02155)."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import Field, PositiveInt

from whet.config import Section
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.calls import RewardError
from whet.rewards.completions import text_of
from whet.types import Message

Score = Callable[[Sequence[Sequence[Message]]], list[float | RewardError]]
"""Scores conversations, each ending in a response, or says why one has no score."""


class RewardModelParams(Section):
    """What `reward_model` takes."""

    model: str = Field(min_length=1)
    """A folder or a hub name: any `AutoModelForSequenceClassification`."""
    label: int | str | None = None
    """Which class's probability is the reward, by number or name; a model of one output needs none."""
    sigmoid: bool = False
    """Whether the score of a model of one output is squeezed into (0, 1)."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """What the layers load and compute in; auto takes bfloat16 where the machine is fast at it."""
    batch_tokens: PositiveInt = 16_384
    """Tokens that go through the model at a time, padding included."""


def reward_model(_: ResponseFormat | None, params: RewardModelParams, score: Score) -> RewardFn:
    """The model's score of prompt and response: a logit, or a probability where `label` or `sigmoid` asks for one."""

    def reward(*, prompts: list[Any], completions: list[Any], **_: Any) -> list[float | RewardError]:
        return score([conversation(*pair) for pair in zip(prompts, completions, strict=True)])

    return reward  # type: ignore[return-value]  # a `RewardError` in the list is a reward that failed


def conversation(prompt: Any, completion: Any) -> tuple[Message, ...]:
    """Prompt and response as turns, whichever way they are given.

    >>> conversation("1 + 1?", "2")
    ({'role': 'user', 'content': '1 + 1?'}, {'role': 'assistant', 'content': '2'})
    """
    asked = ({"role": "user", "content": prompt},) if isinstance(prompt, str) else tuple(prompt)
    return (*asked, {"role": "assistant", "content": text_of(completion)})
