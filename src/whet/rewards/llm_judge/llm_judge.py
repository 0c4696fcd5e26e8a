"""LLM as a judge (arXiv:2306.05685): another model scores a completion on a scale."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic import Field, PositiveInt, field_validator

from whet.config import Section
from whet.errors import UserError
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.calls import RewardError
from whet.rewards.completions import question_of, text_of
from whet.rewards.llm_judge.rubric import PROMPT, fill_prompt, read_score, unknown_placeholders
from whet.types import Message

Usable = Callable[[str], bool]
"""Whether a reply contains a score."""

Ask = Callable[[Sequence[Sequence[Message]], Usable], Awaitable[list[str | RewardError | None]]]
"""Sends conversations to a language model: for each a usable reply, why there is none, or `None` where the spending
cap kept it from being sent."""


_DEFAULTS = {"temperature": 0, "max_tokens": 512}
_FIXED = frozenset({"model", "messages", "n", "stream"})


class JudgeParams(Section):
    """Parameters of `judge`."""

    endpoint: str
    """The address of an OpenAI-compatible endpoint, such as `https://api.openai.com/v1`."""
    model: str = Field(min_length=1)
    """The name of the judge model at the endpoint."""
    key_env: str | None = "OPENAI_API_KEY"
    """The environment variable that holds the API key; null for an endpoint that needs none."""
    prompt: str = PROMPT
    """The prompt of the judge, with placeholders `{question}`, `{answer}`, `{response}` and `{scale}`."""
    scale: PositiveInt = 10
    """The highest score, which is a reward of 1; a score of 0 is a reward of 0."""
    options: dict[str, Any] = Field(default_factory=dict, validate_default=True)
    """Further fields of each request; the defaults are `max_tokens: 512` (the longest reply) and `temperature: 0`, and
    null removes one."""
    parallel: PositiveInt = 8
    """The most requests in flight at a time."""
    timeout: float = Field(60.0, gt=0, le=3600)
    """Seconds until a request times out."""
    retries: int = Field(4, ge=0, le=20)
    """How often a request is retried after a time-out, a lost connection, or status 408, 409, 429 or 5xx."""
    max_requests: PositiveInt = 10_000
    """The most requests in a run, retries included; beyond it, the reward does not apply."""
    max_tokens: PositiveInt = 10_000_000
    """The most tokens in a run, prompts and replies; beyond it, the reward does not apply."""
    cache: bool = True
    """Whether replies are cached on disk, so that equal requests are sent once."""

    @field_validator("endpoint")
    @classmethod
    def _is_address(cls, value: str) -> str:
        import httpx2

        if "@" in value.partition("://")[2].partition("/")[0]:
            raise ValueError("carries a secret, and recipes are written to disk: put it where key_env says")
        if not re.match(r"https?://[^/\s]+", value):
            raise ValueError(f"is {value!r}: it must begin with http:// or https://")
        try:
            httpx2.URL(value)
        except httpx2.InvalidURL as error:
            raise ValueError(f"is {value!r}: {error}; write it as in https://api.openai.com/v1") from None
        return value

    @field_validator("options")
    @classmethod
    def _keeps_the_cap(cls, value: dict[str, Any]) -> dict[str, Any]:
        if fixed := sorted(_FIXED.intersection(value)):
            raise ValueError(f"has {fixed[0]!r}, which options cannot change: take it out")
        merged = {name: setting for name, setting in {**_DEFAULTS, **value}.items() if setting is not None}
        longest = [merged[name] for name in ("max_tokens", "max_completion_tokens") if name in merged]
        if not longest or not all(type(tokens) is int and tokens > 0 for tokens in longest):
            raise ValueError("must give max_tokens or max_completion_tokens a whole number: the cap counts on it")
        return merged

    @field_validator("key_env")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", value):
            # Not shown: it may be the key itself.
            raise ValueError("must name an environment variable, such as OPENAI_API_KEY, never be the key itself")
        return value

    @field_validator("prompt")
    @classmethod
    def _has_its_placeholders(cls, value: str) -> str:
        if unknown := unknown_placeholders(value):
            raise ValueError(f"has {{{unknown[0]}}}: its places are {{question}}, {{answer}}, {{response}}, {{scale}}")
        if "{response}" not in value:
            raise ValueError("must contain {response}, where the response goes")
        return value


def judge(_: ResponseFormat | None, params: JudgeParams, ask: Ask) -> RewardFn:
    """The judge's score of each completion over the scale, in [0, 1].

    Without a gold answer it applies only if the prompt has no placeholder for one. A missing verdict is a failure
    like any other, logged and counted; it is not applicable where the spending cap is reached.
    """

    async def reward(
        *, prompts: list[Any], completions: list[Any], answer: list[Any] | None = None, **_: Any
    ) -> list[float | RewardError | None]:
        if answer is None and "{answer}" in params.prompt:
            raise UserError("this judge compares with the gold answer: the data needs a column `answer`")
        golds = answer or [None] * len(completions)
        requests = [_messages(params, *row) for row in zip(prompts, completions, golds, strict=True)]
        replies = iter(await ask([messages for messages in requests if messages], usable))
        return [verdict(next(replies)) if messages else None for messages in requests]

    def usable(reply: str) -> bool:
        return read_score(reply, params.scale) is not None

    def verdict(reply: str | RewardError | None) -> float | RewardError | None:
        return read_score(reply, params.scale) if isinstance(reply, str) else reply

    return reward  # type: ignore[return-value]  # async, as functions written for TRL may be


def _messages(params: JudgeParams, prompt: Any, completion: Any, gold: Any) -> tuple[Message, ...]:
    """The messages of a request for one completion; empty where the prompt needs a gold answer that is missing."""
    answer = "" if gold is None else str(gold)
    if not answer and "{answer}" in params.prompt:
        return ()
    values = {"question": question_of(prompt), "answer": answer, "response": text_of(completion)}
    return fill_prompt(params.prompt, {**values, "scale": str(params.scale)})
