"""Chat for other programs: lines in, events out."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

import tiny
from whet.chat.chat_model import ChatModel
from whet.chat.conversation import Chat
from whet.chat.service import ChatService, serve
from whet.data.prompts import PromptRenderer
from whet.errors import UserError
from whet.formats import BUILT_IN
from whet.types import Completion, Request, SamplingParams, Token

THINK = BUILT_IN["think_answer"]
RIGHT, WRONG = "<think>a</think> <answer>4</answer>", "<think>b</think> <answer>5</answer>"


@dataclass
class Scripted:
    """A sampler that says these texts in turn, and remembers how it was asked."""

    texts: list[str]
    asked: list[SamplingParams] = field(default_factory=list)

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        self.asked.append(params)
        for token in _tokens(self.texts.pop(0)):
            yield Token(token, -0.5, "stop" if token == _end() else None)

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        self.asked.append(params)
        (request,) = requests
        found = [_tokens(self.texts.pop(0)) for _ in request.keys]
        return [[Completion(tuple(ids), (-0.5,) * len(ids), "stop") for ids in found]]


def _end() -> int:
    return int(tiny.tiny_tokenizer().eos_token_id)


def _tokens(text: str) -> list[int]:
    return [*tiny.tiny_tokenizer().encode(text), _end()]


def voice(sampler: Scripted, speaker: Any = "model") -> ChatModel:
    renderer = PromptRenderer(tiny.tiny_tokenizer(), THINK)
    return ChatModel(speaker, sampler, SamplingParams(0.0), 0, renderer, THINK, None)  # type: ignore[arg-type]


class Opener:
    """Opens chats of scripted voices, and counts."""

    def __init__(self, *texts: str, base: str | None = None) -> None:
        self.sampler, self.base = Scripted(list(texts)), Scripted([base] * 9) if base else None
        self.opened: list[tuple[str, bool]] = []

    def __call__(self, what: str, base: bool) -> Chat:
        self.opened.append((what, base))
        if what == "gone":
            raise UserError("run: gone has no finished model")
        return Chat("a run", voice(self.sampler), voice(self.base, "base") if base and self.base else None)


def ask(service: ChatService, **request: Any) -> list[dict[str, Any]]:
    return list(service.answer({"id": 1, "what": "runs/a", "question": "2 + 2?", **request}))


def test_an_answer_is_streamed_and_judged() -> None:
    note, *chunks, reply = ask(ChatService(Opener(RIGHT)), gold="4")
    assert note == {"type": "note", "text": "loading a"}
    assert {one["type"] for one in chunks} == {"chunk"}
    assert "".join(one["text"] for one in chunks if one["part"] == "answer").strip() == "4"
    assert (reply["type"], reply["answer"], reply["correct"], reply["finish"]) == ("reply", "4", True, "stop")
    assert (reply["text"], reply["speaker"], reply["sample"]) == (RIGHT, "model", 0)


def test_the_base_answers_beside_it() -> None:
    events = ask(ChatService(Opener(RIGHT, base=WRONG)), base=True, gold="4")
    replies = [(one["speaker"], one["answer"], one["correct"]) for one in events if one["type"] == "reply"]
    assert replies == [("model", "4", True), ("base", "5", False)]


def test_several_samples_come_whole() -> None:
    events = ask(ChatService(Opener(RIGHT, WRONG, RIGHT)), samples=3, gold="4", temperature=0.7)
    replies = [one for one in events if one["type"] == "reply"]
    assert [(one["sample"], one["correct"]) for one in replies] == [(0, True), (1, False), (2, True)]
    assert not any(one["type"] == "chunk" for one in events)


def test_without_a_gold_answer_nothing_is_judged() -> None:
    assert ask(ChatService(Opener(RIGHT)))[-1]["correct"] is None


def test_temperature_and_limit_are_those_asked_for() -> None:
    opener = Opener(RIGHT, RIGHT)
    service = ChatService(opener)
    ask(service, temperature=0.5, max_tokens=99)
    ask(service)
    assert [(one.temperature, one.max_tokens) for one in opener.sampler.asked] == [(0.5, 99), (0.0, 256)]


def test_models_stay_loaded_until_others_are_asked_for() -> None:
    opener = Opener(*[RIGHT] * 4, base=WRONG)
    service = ChatService(opener)
    for what, base in (("a", False), ("a", False), ("a", True), ("b", False)):
        ask(service, what=what, base=base)
    assert opener.opened == [("a", False), ("a", True), ("b", False)]


def test_what_goes_wrong_is_an_event() -> None:
    service = ChatService(Opener(RIGHT))
    assert ask(service, what="gone")[-1] == {"type": "error", "text": "run: gone has no finished model"}
    assert ask(service, question=" \n")[-1] == {"type": "error", "text": "question: is empty; ask something"}
    assert ask(service)[-1]["answer"] == "4"


def test_an_answer_that_is_stopped_ends() -> None:
    service = ChatService(Opener(RIGHT))
    events = service.answer({"id": 7, "what": "a", "question": "2 + 2?"})
    assert next(events)["type"] == "note"
    next(events)
    service.stopped.add(7)
    assert list(events) == []


def test_requests_are_answered_line_by_line() -> None:
    lines = io.StringIO('{"stop": 3}\n' + "".join(
        json.dumps({"id": id, "what": "a", "question": "2 + 2?"}) + "\n" for id in (4, 5)
    ))  # fmt: skip
    written: list[Any] = []
    service = ChatService(Opener(RIGHT, WRONG))
    serve(lines, lambda line: written.append(json.loads(line)), service)
    replies = [(one["id"], one["event"]["answer"]) for one in written if one.get("event", {}).get("type") == "reply"]
    assert replies == [(4, "4"), (5, "5")]
    assert [one["id"] for one in written if one.get("end")] == [4, 5]
    assert service.stopped == {3}


def test_a_sample_is_the_one_that_a_stream_gives(tiny_model: Any) -> None:
    from whet.policy.language_model import LanguageModel
    from whet.rollout.native import NativeSampler

    sampler = NativeSampler()
    sampler.load(LanguageModel(tiny_model, tiny.tiny_tokenizer()))
    renderer = PromptRenderer(tiny.tiny_tokenizer(), THINK)
    made = ChatModel("model", sampler, SamplingParams(1.0, max_tokens=12), 0, renderer, THINK, None)
    *_, streamed = made.ask("2 + 2?")
    several = made.several("2 + 2?", 3)
    assert several[0].text == streamed.text
    assert len({one.text for one in several}) == 3


@pytest.mark.parametrize("context", [10])
def test_several_samples_of_a_question_that_is_too_long(context: int) -> None:
    short = replace(voice(Scripted([])), context=context)
    with pytest.raises(UserError, match="question: takes"):
        short.several("x" * 50, 2)
