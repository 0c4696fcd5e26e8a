"""What a request asks for, whichever route it came by."""

from dataclasses import dataclass

from whet.types import Message

Given = tuple[Message, ...] | str | tuple[int, ...]
"""A prompt: a conversation, a text without a chat template, or tokens."""

MOST_ROWS = 128
"""Completions of one request at most, and those of requests that are sampled together."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The prompts of a request, and how to sample."""

    model: str
    prompts: tuple[Given, ...]
    n: int = 1
    """Completions of each prompt."""
    temperature: float | None = None
    """None for the server's."""
    top_p: float = 1.0
    max_tokens: int | None = None
    """None for what the model is served with."""
    stop: tuple[str, ...] = ()
    """Texts that end a completion, and are left out of it."""
    stop_tokens: frozenset[int] = frozenset()
    """Tokens that end a completion, besides the model's own."""
    seed: int | None = None
    """Equal seeds draw equal completions; None draws others each time."""
    stream: bool = False
    include_usage: bool = False
    """Whether a stream ends with the numbers of tokens."""
    logprobs: bool = False
    top: int = 0
    """The most likely tokens at each position to tell of."""
