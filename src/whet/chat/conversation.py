"""Chat with a run's trained model, or with any model; reasoning and answer are separated while they stream.

Each question is a prompt of its own, as in training: the model does not see earlier turns.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.build.policy import build_policy
from whet.build.renderer import build_renderer
from whet.build.roles import build_sampler
from whet.build.task import longest_response
from whet.chat.chat_model import ChatModel, Reply
from whet.chat.chat_view import CONTROLS, ChatView, make_page
from whet.chat.parts import Speaker, StreamChunk
from whet.config import Config
from whet.errors import UserError
from whet.formats import ResponseFormat, build_format
from whet.runs import jsonl
from whet.stages.model_recipe import NO_FORMAT, model_recipe
from whet.text import Log, silent
from whet.train_loop.trial import refuse_untrainable
from whet.types import SamplingParams

if TYPE_CHECKING:
    from rich.console import Console

LEAVE = frozenset({"/quit", "/exit"})


class Chat:
    """A model to chat with and, for comparison, the untrained model that it was made from."""

    def __init__(self, name: str, model: ChatModel, base: ChatModel | None = None, temperature: float = 0.0) -> None:
        self.name = name
        self.voices = (model,) if base is None else (model, base)
        self.temperature = temperature
        self._turns = count()

    @property
    def response_format(self) -> ResponseFormat | None:
        """The format of the prompt and the completion; `None` where none is requested."""
        return self.voices[0].response_format

    def ask(self, question: str) -> Iterator[StreamChunk | Reply]:
        """Yields the completion in chunks as it is sampled, then its `Reply`: of the model, then of the base.

        Raises:
            UserError: the question is empty, or leaves no room for a completion.
        """
        question = question.encode(errors="replace").decode().strip()
        if not question:
            raise UserError("question: is empty; ask something")
        turn = next(self._turns)
        for chat_model in self.voices:
            yield from chat_model.ask(question, turn)

    def record(self, replies: Iterable[Reply]) -> dict[str, Any]:
        """Returns a turn's question and completions as a record for a JSONL file."""
        by_speaker = {reply.speaker: reply for reply in replies}
        model, base = by_speaker["model"], by_speaker.get("base")
        return {
            "question": model.question,
            "reasoning": model.reasoning,
            "answer": model.answer,
            "response": model.text,
            **({"base_response": base.text} if base else {}),
            "model": self.name,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }


def open_chat(
    run_or_model: str,
    base: bool = False,
    *,
    format_name: str | None = None,
    temperature: float = 0.0,
    max_tokens: int | None = None,
    log: Log = silent,
) -> Chat:
    """Loads a run's finished model, or any model by name.

    Args:
        run_or_model: a run or `RUN:step-N`, whose recipe sets format and prompt, or any value of `model.name`.
        base: load the untrained model of the run too.
        format_name: the response format; by default the run's, and none for a model.
        temperature: 0 decodes greedily.
        max_tokens: maximum tokens of a completion; by default the run's, and 1,024 for a model.
        log: called with lines about loading.

    Raises:
        UserError: there is no such run or model, the run has not finished, or an option is out of range.
    """
    if not 0 <= temperature <= 10:
        raise UserError(f"temperature: is {temperature:g}; it must be between 0 (greedy) and 10")
    overrides: list[tuple[str, Any]] = [("format", {"name": format_name})] if format_name else []
    overrides += [("eval.max_tokens", max_tokens)] if max_tokens is not None else []
    found = model_recipe(run_or_model, overrides, log)
    if base and found.base is None:
        raise UserError(f"base: {run_or_model} is not a run folder, so it has no untrained model; leave --base out")
    model = _load_chat_model("model", found.config, temperature, log)
    untrained = _load_chat_model("base", found.base, temperature, log) if base and found.base else None
    return Chat(found.name, model, untrained, temperature)


def _load_chat_model(speaker: Speaker, config: Config, temperature: float, log: Log) -> ChatModel:
    """Loads a model with its sampler, renderer and format."""
    sampler = build_sampler(config)
    policy = build_policy(config, log)
    refuse_untrainable(policy, sampler, trained=False)
    sampler.load(policy)
    params = SamplingParams(temperature, max_tokens=longest_response(config, "chat"))
    response_format = build_format(config.format)
    renderer = build_renderer(config, policy.tokenizer, response_format, log)
    shown_format = None if config.format == NO_FORMAT else response_format
    return ChatModel(speaker, sampler, params, config.seed, renderer, shown_format, policy.context)


def converse(
    chat: Chat,
    console: "Console",
    save: Path | None = None,
    prompt: str | None = None,
    questions: Iterable[str] | None = None,
) -> None:
    """Answers `prompt`, or else every typed question until `/quit` or the end of the input.

    Args:
        chat: the models that answer.
        console: the output; a terminal gets colours and streamed words, anything else plain text.
        save: a JSONL file to which every turn is appended.
        prompt: the only question.
        questions: replaces the typed questions.

    Ctrl-C stops the current completion; at the prompt it ends the chat.

    Raises:
        UserError: `prompt` is empty or too long, or `save` cannot be written.
    """
    page = make_page(console)
    if save is not None:
        append_records(save)
    if prompt is not None:
        _turn(chat, prompt, page, save)
        return
    page.open(chat.name, chat.response_format, chat.temperature, CONTROLS)
    for question in page.questions() if questions is None else questions:
        if question.strip() in LEAVE:
            return
        if question.strip():
            _turn_or_stop(chat, question, page, save)


def _turn_or_stop(chat: Chat, question: str, page: ChatView, save: Path | None) -> None:
    try:
        _turn(chat, question, page, save)
    except KeyboardInterrupt:
        page.note("stopped")
    except UserError as error:
        page.note(str(error))


def _turn(chat: Chat, question: str, page: ChatView, save: Path | None) -> None:
    replies = []
    for event in chat.ask(question):
        if isinstance(event, Reply):
            page.reply(event)
            replies.append(event)
        else:
            page.piece(event)
    if save is not None:
        append_records(save, chat.record(replies))


def append_records(path: Path, *records: dict[str, Any]) -> None:
    """Appends records to a JSONL file, which is created where there is none.

    Raises `UserError` where it cannot be written.
    """
    try:
        path.open("ab").close()
        for record in records:
            jsonl.append(path, record)
    except OSError as error:
        raise UserError(f"save: {path} cannot be written ({error.strerror}); name another file") from error
