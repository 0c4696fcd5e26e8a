"""Bodies of requests: what is taken, and what is refused by name."""

from typing import Any

import pytest

from whet.serve.asked import Asked
from whet.serve.body import BodyError, ChatBody, CompletionBody, TokenBody, parsed

CHAT = {"model": "m", "messages": [{"role": "user", "content": "2+2?"}]}


def test_defaults_are_the_apis() -> None:
    expected = Asked("m", (({"role": "user", "content": "2+2?"},),))
    assert parsed(ChatBody, CHAT).read() == expected
    assert (expected.n, expected.top_p, expected.max_tokens, expected.stream) == (1, 1.0, None, False)
    assert expected.temperature is None  # the server's


def test_every_field_of_a_chat() -> None:
    fields = {
        "temperature": 0.5,
        "top_p": 0.9,
        "n": 2,
        "max_tokens": 7,
        "max_completion_tokens": 9,
        "stop": "\n",
        "seed": 3,
        "stream": True,
        "stream_options": {"include_usage": True},
        "logprobs": True,
        "top_logprobs": 4,
    }
    found = parsed(ChatBody, {**CHAT, **fields}).read()
    assert (found.temperature, found.top_p, found.n, found.max_tokens) == (0.5, 0.9, 2, 9)
    assert (found.stop, found.seed, found.stream, found.include_usage) == (("\n",), 3, True, True)
    assert (found.logprobs, found.top) == (True, 4)


def test_fields_without_an_effect_are_taken() -> None:
    neutral = {
        "user": "me",
        "metadata": {"a": "b"},
        "store": False,
        "frequency_penalty": 0,
        "presence_penalty": 0.0,
        "logit_bias": {},
        "response_format": {"type": "text"},
        "tools": None,
        "tool_choice": "none",
        "seed": None,
    }
    assert parsed(ChatBody, {**CHAT, **neutral}).read() == parsed(ChatBody, CHAT).read()


def test_parts_and_developers_are_read() -> None:
    parts = [{"type": "text", "text": "2+2"}, {"type": "text", "text": "equals?"}]
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts, "name": "Ann"}]
    (found,) = parsed(ChatBody, {"model": "m", "messages": messages}).read().prompts
    assert found == ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2\nequals?"})


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"presence_penalty": 0.5}, "presence_penalty", "this engine has no such thing"),
        ({"response_format": {"type": "json_object"}}, "response_format", "no such thing"),
        ({"audio": {}}, "audio", "is not a field that this server has"),
        ({"max_token": 3}, "max_token", "did you mean max_tokens"),
        ({"n": 1000}, "n", "less than or equal to 128"),
        ({"n": "two"}, "n", "is 'two'"),
        ({"stop": [""]}, "stop", "is an empty text"),
        ({"stop": ["a"] * 17}, "stop", "at most 16 items"),
        ({"top_p": 0}, "top_p", "greater than 0"),
        ({"temperature": float("nan")}, "temperature", "finite"),
        ({"messages": None}, "messages", "is None"),
        ({"messages": [{"role": "tool", "content": "4"}]}, "messages.0.role", "'system', 'developer', 'user'"),
        ({"messages": [*CHAT["messages"], {"role": "system", "content": "x"}]}, "messages", "must be the user's"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(BodyError, match=says) as caught:
        parsed(ChatBody, {**CHAT, **change}).read()
    assert caught.value.field.startswith(field)
    assert str(caught.value).startswith(field)


def test_a_late_system_turn_is_refused() -> None:
    messages = [*CHAT["messages"], {"role": "system", "content": "x"}, *CHAT["messages"]]
    with pytest.raises(BodyError, match="not the first"):
        parsed(ChatBody, {"model": "m", "messages": messages}).read()


def test_what_is_missing_is_named() -> None:
    with pytest.raises(BodyError, match="messages: is missing"):
        parsed(ChatBody, {"model": "m"})


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [
        ("a", ("a",)),
        ([1, 2], ((1, 2),)),
        (["a", "b"], ("a", "b")),
        ([[1], [2, 3]], ((1,), (2, 3))),
    ],
)
def test_prompts_of_completions(prompt: Any, prompts: tuple[Any, ...]) -> None:
    assert parsed(CompletionBody, {"model": "m", "prompt": prompt}).read().prompts == prompts


@pytest.mark.parametrize("prompt", [[], [-1], [[]], 3, ["a"] * 129])
def test_prompts_that_are_none(prompt: Any) -> None:
    with pytest.raises(BodyError, match=r"^prompt"):
        parsed(CompletionBody, {"model": "m", "prompt": prompt}).read()


def test_completions_ask_for_logprobs_by_a_number() -> None:
    assert parsed(CompletionBody, {"model": "m", "prompt": "a", "logprobs": 0}).read().logprobs
    assert not parsed(CompletionBody, {"model": "m", "prompt": "a"}).read().logprobs
    with pytest.raises(BodyError, match="echo"):
        parsed(CompletionBody, {"model": "m", "prompt": "a", "echo": True})


def test_tokens() -> None:
    sampling = {"max_tokens": 3, "stop_token_ids": [5], "logprobs": 1, "skip_special_tokens": False, "top_k": -1}
    found = parsed(TokenBody, {"token_ids": [1, 2], "sampling_params": sampling}).read("m")
    assert found == Asked("m", ((1, 2),), max_tokens=3, stop_tokens=frozenset({5}), logprobs=True, top=1)
    with pytest.raises(BodyError, match=r"sampling_params\.beams: is not a field"):
        parsed(TokenBody, {"token_ids": [1], "sampling_params": {"beams": 2}})
    with pytest.raises(BodyError, match="top_k"):
        parsed(TokenBody, {"token_ids": [1], "sampling_params": {"top_k": 40}})
