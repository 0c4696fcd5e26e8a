"""Talking to runs and models: what is loaded, what is asked, what is kept."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import tiny
from whet.chat import Chat, converse, open_chat
from whet.chat.chat_model import ChatModel, Reply
from whet.chat.parts import StreamChunk
from whet.data.prompts import PromptRenderer
from whet.errors import UserError
from whet.formats import BUILT_IN
from whet.recipe import dump_recipe, load_recipe
from whet.runs.writer import RunWriter
from whet.types import Request, SamplingParams, Token

THINK = BUILT_IN["think_answer"]
RIGHT = "<think>2+2 is 4</think> <answer>4</answer>"
WRONG = "It is five."


@dataclass
class Scripted:
    """A sampler that says one thing after the other, and stops where it is told to."""

    tokenizer: Any
    texts: list[str]
    stops_at: str | None = None
    heard: list[Request] = field(default_factory=list)

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        self.heard.append(request)
        text = self.texts.pop(0)
        for token in [*self.tokenizer.encode(text), self.tokenizer.eos_token_id]:
            if text == self.stops_at:
                raise KeyboardInterrupt
            yield Token(token, -0.5, "stop" if token == self.tokenizer.eos_token_id else None)


def scripted(tokenizer: Any, *texts: str, base: str | None = None, stops_at: str | None = None) -> Chat:
    """A chat with a model that says these texts in turn."""
    renderer = PromptRenderer(tokenizer, THINK)

    def chat_model(speaker: Any, said: list[str]) -> ChatModel:
        sampler: Any = Scripted(tokenizer, said, stops_at)
        return ChatModel(speaker, sampler, SamplingParams(0.0), 0, renderer, THINK, None)

    return Chat("a run", chat_model("model", list(texts)), chat_model("base", [base]) if base else None)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run of a tiny model, whose weights differ from the untrained ones."""
    base = tiny.save_tiny(tmp_path / "base", seed=1)
    changes = {"model.name": str(base), "model.lora": {"rank": 2}, "grpo.sampling.max_tokens": 12}
    recipe = load_recipe("quickstart", changes)
    with RunWriter.create(tmp_path, dump_recipe(recipe), {}, name="tiny-run") as writer:
        tiny.save_tiny(writer.final, seed=2)
        return writer.path


def texts(chat: Chat, question: str = "2+2?") -> list[str]:
    return [said.text for said in chat.ask(question) if isinstance(said, Reply)]


def test_a_run_answers_with_its_finished_model_in_its_format(run: Path) -> None:
    chat = open_chat(str(run))
    assert chat.name == "tiny-run"
    assert chat.response_format == THINK
    *pieces, reply = chat.ask("2+2?")
    assert isinstance(reply, Reply)
    assert all(isinstance(piece, StreamChunk) for piece in pieces)
    assert reply.speaker == "model"
    assert 1 <= reply.tokens <= 12
    final = open_chat(str(run / "final"), format_name="think_answer", max_tokens=12)
    assert texts(final) == [reply.text]
    assert texts(open_chat(str(run))) == [reply.text]


def test_the_untrained_model_answers_beside_it(run: Path) -> None:
    both = texts(open_chat(str(run), base=True))
    untrained = open_chat(str(run.parent / "base"), format_name="think_answer", max_tokens=12)
    assert both == [*texts(open_chat(str(run))), *texts(untrained)]
    assert both[0] != both[1]
    *_, last = open_chat(str(run), base=True).ask("2+2?")
    assert last.speaker == "base"


def test_a_model_is_asked_nothing_but_the_question(tiny_folder: Path) -> None:
    chat = open_chat(str(tiny_folder))
    (chat_model,) = chat.voices
    assert chat.response_format is None
    assert chat_model.renderer.messages("2+2?") == ({"role": "user", "content": "2+2?"},)
    assert chat_model.params == SamplingParams(0.0, max_tokens=1024)
    assert chat_model.context == 512


def test_options(tiny_folder: Path, run: Path) -> None:
    assert open_chat(str(run), format_name="boxed").response_format == BUILT_IN["boxed"]
    chat = open_chat(str(tiny_folder), temperature=1.0, max_tokens=3)
    *_, reply = chat.ask("2+2?")
    assert isinstance(reply, Reply)
    assert reply.tokens <= 3
    assert len({text for _ in range(4) for text in texts(chat)}) > 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"base": True}, "base: .* is not a run folder"),
        ({"temperature": -1.0}, "temperature: is -1"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"format_name": "boxd"}, "did you mean boxed"),
    ],
)
def test_wrong_options_are_refused(tiny_folder: Path, options: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        open_chat(str(tiny_folder), **options)


def test_a_run_that_has_not_finished(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path, dump_recipe(load_recipe("quickstart")), {}, name="early") as writer:
        path = writer.path
    with pytest.raises(UserError, match=r"has no finished model, .* `whet resume"):
        open_chat(str(path))


def test_nothing_by_that_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.name"):
        open_chat(str(tmp_path / "nothing" / "here"))


@pytest.mark.parametrize("question", ["", " \n"])
def test_an_empty_question_is_refused(tiny_tokenizer: Any, question: str) -> None:
    with pytest.raises(UserError, match="question: is empty"):
        list(scripted(tiny_tokenizer, RIGHT).ask(question))


def test_half_a_character_in_a_question_does_no_harm(tiny_tokenizer: Any) -> None:
    (reply,) = (said for said in scripted(tiny_tokenizer, RIGHT).ask("2+2\udce2") if isinstance(said, Reply))
    assert reply.question == "2+2?"


class Utf8(io.StringIO):
    """Text in memory that says how it is encoded."""

    encoding = "utf-8"


def page() -> Console:
    return Console(file=Utf8(), width=80)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_one_question_and_done(tiny_tokenizer: Any, tmp_path: Path) -> None:
    console, save = page(), tmp_path / "kept.jsonl"
    converse(scripted(tiny_tokenizer, RIGHT), console, save, prompt=" 2+2?")
    assert shown(console) == "2+2 is 4\n\nAnswer: 4\n\n"
    (kept,) = lines(save)
    assert datetime.fromisoformat(kept.pop("time")).tzinfo is not None
    assert kept == {
        "question": "2+2?",
        "reasoning": "2+2 is 4",
        "answer": "4",
        "response": RIGHT,
        "model": "a run",
    }


def test_a_conversation_is_kept_turn_by_turn(tiny_tokenizer: Any, tmp_path: Path) -> None:
    console, save = page(), tmp_path / "kept.jsonl"
    save.write_text('{"question": "before"}\n')
    chat = scripted(tiny_tokenizer, RIGHT, WRONG)
    converse(chat, console, save, questions=["2+2?", "  ", "3+3?", "/quit", "never asked"])
    assert [kept["question"] for kept in lines(save)] == ["before", "2+2?", "3+3?"]
    assert [kept["answer"] for kept in lines(save)[1:]] == ["4", None]
    assert shown(console) == f"2+2 is 4\n\nAnswer: 4\n\n{WRONG}\n\n"


def test_what_the_base_says_is_kept_too(tiny_tokenizer: Any, tmp_path: Path) -> None:
    save = tmp_path / "kept.jsonl"
    converse(scripted(tiny_tokenizer, RIGHT, base=WRONG), page(), save, prompt="2+2?")
    (kept,) = lines(save)
    assert (kept["response"], kept["base_response"]) == (RIGHT, WRONG)


def test_each_question_stands_alone(tiny_tokenizer: Any) -> None:
    chat = scripted(tiny_tokenizer, RIGHT, RIGHT)
    converse(chat, page(), questions=["2+2?", "3+3?"])
    sampler: Any = chat.voices[0].sampler
    assert "2+2?" not in tiny_tokenizer.decode(sampler.heard[1].tokens)
    assert sampler.heard[0].keys != sampler.heard[1].keys, "other random numbers for every turn"


def test_ctrl_c_stops_an_answer_and_not_the_conversation(tiny_tokenizer: Any, tmp_path: Path) -> None:
    console, save = page(), tmp_path / "kept.jsonl"
    converse(scripted(tiny_tokenizer, WRONG, RIGHT, stops_at=WRONG), console, save, questions=["3+3?", "2+2?"])
    assert shown(console) == "stopped\n\n2+2 is 4\n\nAnswer: 4\n\n"
    assert [kept["question"] for kept in lines(save)] == ["2+2?"]
    with pytest.raises(KeyboardInterrupt):
        converse(scripted(tiny_tokenizer, WRONG, stops_at=WRONG), page(), prompt="3+3?")


def test_a_question_that_is_too_long_does_not_end_the_conversation(tiny_folder: Path) -> None:
    console = page()
    converse(open_chat(str(tiny_folder), max_tokens=3), console, questions=["7" * 600, "2+2?"])
    assert shown(console).startswith("question: takes 6")
    assert len(shown(console).splitlines()) > 2


def test_a_file_that_cannot_be_written_is_told_before_anything_is_asked(tiny_tokenizer: Any, tmp_path: Path) -> None:
    console = page()
    with pytest.raises(UserError, match=r"save: .* cannot be written .*; name another file"):
        converse(scripted(tiny_tokenizer, RIGHT), console, tmp_path / "no" / "kept.jsonl", prompt="2+2?")
    assert shown(console) == ""
