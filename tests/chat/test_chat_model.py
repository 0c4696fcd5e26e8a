"""A model's response, read along and as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

import templates
from templates import tokenizer
from whet.chat.chat_model import ChatModel, Reply
from whet.chat.parts import StreamChunk
from whet.data.prompts import PromptRenderer
from whet.errors import UserError
from whet.formats import BUILT_IN
from whet.policy.language_model import LanguageModel
from whet.rollout.native import NativeSampler
from whet.types import Finish, Request, SamplingParams, Token

SAID = "<think>2+2 is 4</think> <answer>4</answer>"


@dataclass
class Scripted:
    """A sampler that always says the same."""

    tokenizer: Any
    text: str = SAID
    ends: bool = True
    heard: list[Request] = field(default_factory=list)

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        self.heard.append(request)
        tokens = self.tokenizer.encode(self.text) + self.ends * [self.tokenizer.eos_token_id]
        for count, token in enumerate(tokens[: params.max_tokens], 1):
            last: Finish = "stop" if token == self.tokenizer.eos_token_id else "length"
            yield Token(token, -0.5, last if count in (len(tokens), params.max_tokens) else None)


def chat_model(sampler: Any, tokenizer: Any, context: int | None = None, **options: Any) -> ChatModel:
    response_format = BUILT_IN["think_answer"]
    parts = {
        "params": SamplingParams(0.0, max_tokens=1024),
        "seed": 0,
        "response_format": response_format,
        "speaker": "model",
        "context": context,
        **options,
    }
    return ChatModel(sampler=sampler, renderer=PromptRenderer(tokenizer, response_format), **parts)


def split(said: list[StreamChunk | Reply]) -> tuple[list[StreamChunk], Reply]:
    """The pieces, and the reply that comes last."""
    *pieces, reply = said
    assert isinstance(reply, Reply)
    assert all(isinstance(piece, StreamChunk) for piece in pieces)
    return pieces, reply  # type: ignore[return-value]


def test_pieces_come_first_and_the_whole_last(tiny_tokenizer: Any) -> None:
    sampler = Scripted(tiny_tokenizer)
    pieces, reply = split(list(chat_model(sampler, tiny_tokenizer).ask("2+2?")))
    text = {part: "".join(piece.text for piece in pieces if piece.part == part) for part in ("reasoning", "answer")}
    assert text == {"reasoning": "2+2 is 4", "answer": "4"}
    assert (reply.question, reply.reasoning, reply.answer, reply.text) == ("2+2?", "2+2 is 4", "4", SAID)
    assert (reply.tokens, reply.finish) == (len(SAID) + 1, "stop")
    assert reply.seconds >= 0
    (heard,) = sampler.heard
    assert tiny_tokenizer.decode(heard.tokens).endswith("user\n2+2?<|im_end|>\n<|im_start|>assistant\n")
    assert len(heard.keys) == 1


def test_pieces_are_told_as_soon_as_they_are_drawn(tiny_tokenizer: Any) -> None:
    drawn = []

    class Counting(Scripted):
        def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
            for token in super().stream(request, params):
                drawn.append(token.id)
                yield token

    said = chat_model(Counting(tiny_tokenizer), tiny_tokenizer).ask("2+2?")
    assert next(said) == StreamChunk("2", "reasoning")
    assert tiny_tokenizer.decode(drawn) == "<think>2"


def test_without_a_format_nothing_is_told_apart(tiny_tokenizer: Any) -> None:
    pieces, reply = split(list(chat_model(Scripted(tiny_tokenizer), tiny_tokenizer, response_format=None).ask("2+2?")))
    assert "".join(piece.text for piece in pieces) == SAID
    assert {piece.part for piece in pieces} == {"other"}
    assert (reply.reasoning, reply.answer, reply.text) == (None, None, SAID)


def test_every_piece_says_who_speaks(tiny_tokenizer: Any) -> None:
    said = list(chat_model(Scripted(tiny_tokenizer), tiny_tokenizer, speaker="base").ask("2+2?"))
    assert {one.speaker for one in said} == {"base"}


def test_a_response_without_an_end_is_truncated(tiny_tokenizer: Any) -> None:
    _, reply = split(list(chat_model(Scripted(tiny_tokenizer, "<think>2+2", ends=False), tiny_tokenizer).ask("2+2?")))
    assert (reply.finish, reply.reasoning, reply.answer) == ("length", None, None)


def test_the_model_reads_no_more_than_it_can(tiny_tokenizer: Any) -> None:
    sampler = Scripted(tiny_tokenizer)
    prompt = PromptRenderer(tiny_tokenizer, BUILT_IN["think_answer"])
    length = len(prompt.encode(prompt.messages("2+2?")))
    _, reply = split(list(chat_model(sampler, tiny_tokenizer, context=length + 12).ask("2+2?")))
    assert (reply.text, reply.finish) == (SAID[:12], "length")
    with pytest.raises(UserError, match=rf"question: takes {length} tokens where the model reads {length}"):
        list(chat_model(sampler, tiny_tokenizer, context=length).ask("2+2?"))


@pytest.mark.parametrize(("temperature", "differ"), [(0.0, False), (1.0, True)])
def test_a_real_model(tiny_model: Any, tiny_tokenizer: Any, temperature: float, differ: bool) -> None:
    policy = LanguageModel(tiny_model, tiny_tokenizer)
    sampler = NativeSampler()
    sampler.load(policy)
    params = SamplingParams(temperature, max_tokens=24)
    one = chat_model(sampler, tiny_tokenizer, response_format=None, params=params)
    replies = [split(list(one.ask("2+2?", turn))) for turn in (0, 0, 1)]
    texts = [reply.text for _, reply in replies]
    assert texts[0] == texts[1]
    assert (texts[0] != texts[2]) is differ
    for pieces, reply in replies:
        assert "".join(piece.text for piece in pieces) == reply.text
        assert 1 <= reply.tokens <= 24


def test_a_thought_that_the_prompt_opened_is_reasoning_and_part_of_the_reply() -> None:
    made = tokenizer(templates.OPENS_THINK, "<think>", "</think>", "<answer>", "</answer>")
    sampler = Scripted(made, "2+2 is 4</think> <answer>4</answer>")
    pieces, reply = split(list(chat_model(sampler, made).ask("2+2?")))
    text = {part: "".join(piece.text for piece in pieces if piece.part == part) for part in ("reasoning", "answer")}
    assert text == {"reasoning": "2+2 is 4", "answer": "4"}
    assert (reply.text, reply.reasoning, reply.answer) == (
        "<think>\n2+2 is 4</think> <answer>4</answer>",
        "2+2 is 4",
        "4",
    )
