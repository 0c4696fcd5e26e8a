"""Reads the bodies of requests: the fields of the OpenAI API that the engine has, all others refused by name."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from whet.errors import UserError, did_you_mean
from whet.serve.asked import MOST_ROWS, Asked, Given
from whet.types import Message

MOST_TOP, MOST_STOPS = 20, 16


class BodyError(UserError):
    """A request's body is wrong: the message names the field, the value and the fix."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}" if field else text)
        self.field = field


Temperature = Annotated[float, Field(ge=0, le=10)]
TopP = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1, le=MOST_ROWS)]
Seed = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Stop = str | Annotated[list[str], Field(max_length=MOST_STOPS)]
Tokens = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, protected_namespaces=())
    ignored: ClassVar[frozenset[str]] = frozenset()
    """Fields that say who asks or how to bill it, and change no completion."""
    lacking: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    """Fields of things that the engine lacks, and the values that ask for none of them, besides null."""

    @model_validator(mode="before")
    @classmethod
    def _without_effect(cls, given: Any) -> Any:
        """Drops fields without an effect. Raises `BodyError` for one that asks for what the engine lacks."""
        if not isinstance(given, dict):
            return given
        for name, neutral in cls.lacking.items():
            if given.get(name) is not None and given[name] not in neutral:
                raise BodyError(name, "this engine has no such thing; leave it out")
        return {name: value for name, value in given.items() if name not in (*cls.ignored, *cls.lacking)}


class TextPart(_Strict):
    """A part of a message's content."""

    type: Literal["text"]
    text: str


class Turn(_Strict):
    """A message."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]
    ignored = frozenset({"name"})

    def message(self) -> Message:
        """The message in Whet's words: a developer's turn is a system turn, parts are joined by line breaks."""
        text = self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)
        return {"role": "system" if self.role == "developer" else self.role, "content": text}


class StreamOptions(_Strict):
    """Options of a stream."""

    include_usage: bool | None = None
    ignored = frozenset({"include_obfuscation"})


class _Sampling(_Strict):
    """The fields that both OpenAI routes have."""

    model: str
    temperature: Temperature | None = None
    top_p: TopP | None = None
    n: Count | None = None
    max_tokens: PositiveInt | None = None
    stop: Stop | None = None
    seed: Seed | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    ignored = frozenset({"user", "metadata"})
    lacking: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "frequency_penalty": (0,),
        "presence_penalty": (0,),
        "logit_bias": ({},),
    }

    def asked(self, prompts: tuple[Given, ...], logprobs: bool, top: int, max_tokens: int | None = None) -> Asked:
        """The request with these prompts."""
        stops = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        if "" in stops:
            raise BodyError("stop", "is an empty text; leave it out")
        return Asked(
            model=self.model,
            prompts=prompts,
            n=self.n or 1,
            temperature=self.temperature,
            top_p=self.top_p or 1.0,
            max_tokens=max_tokens or self.max_tokens,
            stop=stops,
            seed=self.seed,
            stream=bool(self.stream),
            include_usage=bool(self.stream_options and self.stream_options.include_usage),
            logprobs=logprobs,
            top=top,
        )


class ChatBody(_Sampling):
    """The body of `/v1/chat/completions`."""

    messages: Annotated[list[Turn], Field(min_length=1)]
    max_completion_tokens: PositiveInt | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=MOST_TOP)] | None = None
    ignored = _Sampling.ignored | {
        "store",
        "service_tier",
        "safety_identifier",
        "prompt_cache_key",
        "parallel_tool_calls",
    }
    lacking: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        **_Sampling.lacking,
        "response_format": ({"type": "text"},),
        "modalities": (["text"],),
        "tools": ([],),
        "tool_choice": ("none", "auto"),
    }

    def read(self) -> Asked:
        """The request. Raises `BodyError` where the last message is not the user's."""
        messages = tuple(turn.message() for turn in self.messages)
        if messages[-1]["role"] != "user":
            raise BodyError("messages", f"end with the {messages[-1]['role']}'s turn; the last must be the user's")
        if any(turn["role"] == "system" for turn in messages[1:]):
            raise BodyError("messages", "have a system turn that is not the first; put it there")
        if self.top_logprobs and not self.logprobs:
            raise BodyError("top_logprobs", "needs logprobs: true")
        return self.asked((messages,), bool(self.logprobs), self.top_logprobs or 0, self.max_completion_tokens)


class CompletionBody(_Sampling):
    """The body of `/v1/completions`: prompts as they are, without a chat template."""

    prompt: str | Tokens | Annotated[list[str], Field(min_length=1)] | Annotated[list[Tokens], Field(min_length=1)]
    logprobs: Annotated[int, Field(ge=0, le=MOST_TOP)] | None = None
    lacking: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        **_Sampling.lacking,
        "best_of": (1,),
        "echo": (False,),
        "suffix": ("",),
    }

    def read(self) -> Asked:
        """The request."""
        prompts = _prompts(self.prompt)
        if len(prompts) * (self.n or 1) > MOST_ROWS:
            raise BodyError("prompt", f"asks for more than {MOST_ROWS} completions at once; send several requests")
        return self.asked(prompts, self.logprobs is not None, self.logprobs or 0)


def _prompts(prompt: Any) -> tuple[Given, ...]:
    if isinstance(prompt, str):
        return (prompt,)
    if isinstance(prompt[0], int):
        return (tuple(prompt),)
    return tuple(one if isinstance(one, str) else tuple(one) for one in prompt)


class TokenSampling(_Strict):
    """How to sample in `/inference/v1/generate`, in vLLM's words."""

    temperature: Temperature | None = None
    top_p: TopP | None = None
    n: Count | None = None
    max_tokens: PositiveInt | None = None
    stop: Stop | None = None
    stop_token_ids: list[int] | None = None
    seed: Seed | None = None
    logprobs: Annotated[int, Field(ge=0, le=MOST_TOP)] | None = None
    ignored = frozenset(
        {
            "skip_special_tokens",
            "spaces_between_special_tokens",
            "detokenize",
            "output_kind",
            "include_stop_str_in_output",
        }
    )
    lacking: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "top_k": (-1, 0),
        "min_p": (0,),
        "min_tokens": (0,),
        "ignore_eos": (False,),
        "prompt_logprobs": (),
        "repetition_penalty": (1,),
        "frequency_penalty": (0,),
        "presence_penalty": (0,),
    }


class TokenBody(_Strict):
    """The body of `/inference/v1/generate`: tokens in, tokens out."""

    token_ids: Tokens
    model: str | None = None
    sampling_params: TokenSampling = TokenSampling()
    request_id: str | None = None
    ignored = frozenset({"priority", "cache_salt", "stream_options"})
    lacking: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "features": (),
        "kv_transfer_params": (),
        "stream": (False,),
    }

    def read(self, default: str) -> Asked:
        """The request; `default` is the model where the body names none."""
        how = self.sampling_params
        stops = (how.stop,) if isinstance(how.stop, str) else tuple(how.stop or ())
        return Asked(
            model=self.model or default,
            prompts=(tuple(self.token_ids),),
            n=how.n or 1,
            temperature=how.temperature,
            top_p=how.top_p or 1.0,
            max_tokens=how.max_tokens,
            stop=stops,
            stop_tokens=frozenset(how.stop_token_ids or ()),
            seed=how.seed,
            logprobs=how.logprobs is not None,
            top=how.logprobs or 0,
        )


Body = TypeVar("Body", bound=_Strict)


def parsed(kind: type[Body], found: Mapping[str, Any]) -> Body:
    """Returns the body. Raises `BodyError` for the first field that is unknown, missing or wrong."""
    try:
        return kind.model_validate(dict(found))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        of_one_field = [one for one in faults if one["loc"][:1] == faults[0]["loc"][:1]]
        raise _as_body_error(kind, of_one_field[-1]) from None  # of a union, what its last kind says


def _as_body_error(kind: type[BaseModel], first: Any) -> BodyError:
    place = [str(part) for part in first["loc"] if not _is_a_kind(str(part))]
    field = ".".join(place)
    if first["type"] == "extra_forbidden":
        known = kind.model_fields if len(place) == 1 else ()
        return BodyError(field, f"is not a field that this server has{did_you_mean(place[-1], known)}; leave it out")
    if first["type"] == "missing":
        return BodyError(field, "is missing")
    said = first["msg"].removeprefix("Value error, ")
    shown = repr(first["input"])
    shown = shown if len(shown) <= 60 else f"{shown[:59]}…"
    return BodyError(field, f"is {shown}: {said[:1].lower()}{said[1:]}")


def _is_a_kind(part: str) -> bool:
    """Whether a part of pydantic's place names one kind of a union, not a field."""
    return part == "str" or "[" in part
