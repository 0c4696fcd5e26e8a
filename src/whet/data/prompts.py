"""Renders problems as prompts and as targets of the warm start: the only place where the model's text is assembled."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from whet.chat_template import ChatTemplate
from whet.chat_template.opening import empty_block, unclosed, unclosed_reasoning
from whet.data.question_template import PLACE, check_question_template, fill, has_columns
from whet.errors import UserError
from whet.formats import ResponseFormat
from whet.types import Message, Problem, Prompt

THINKS = "enable_thinking"
"""The variable by which chat templates are told to let the model reason."""


class PromptRenderer:
    """Renders problems for one model and response format.

    `tokenizer` is anything with `apply_chat_template`, `chat_template` and `encode`, as in transformers. A model
    without a chat template gets plain text; where the template does not print the system prompt, the first user's turn
    begins with it.
    """

    def __init__(
        self,
        tokenizer: Any,
        response_format: ResponseFormat,
        question_template: str = PLACE,
        settings: Mapping[str, Any] | None = None,
        day: date | None = None,
    ):
        """`settings` and `day` are those of `ChatTemplate`."""
        check_question_template(question_template)
        self.tokenizer = tokenizer
        self.response_format = response_format
        # Where the template names columns, the questions were worded by it when they were read.
        self.question_template = PLACE if has_columns(question_template) else question_template
        self.given = dict(settings or {})
        self.day = day

    @cached_property
    def template(self) -> ChatTemplate:
        """The chat template with its settings.

        Where it writes an empty block of the tag with which the layout begins, `THINKS` is set, unless it is given.
        """
        template, own = ChatTemplate(self.tokenizer, self.given, self.day), self.response_format.opening_tag
        if THINKS in self.given or not own or not empty_block(template.generation_prompt, [own]):
            return template
        thinking = ChatTemplate(self.tokenizer, {**self.given, THINKS: True}, template.day)
        return template if empty_block(thinking.generation_prompt, [own]) else thinking

    def render(self, problem: Problem) -> Prompt:
        """q: its turns, its tokens up to where the response begins, and what they already write of it."""
        guarded = self.messages(problem.question, problem.turns, self.template.marks.guard)
        return Prompt(
            problem, self.messages(problem.question, problem.turns), self.template.tokens(guarded), self.opening
        )

    def messages(
        self, question: str, turns: Sequence[Message] = (), written: Callable[[str], str] = str
    ) -> tuple[Message, ...]:
        """The messages: a system turn, if there is a system prompt and the template prints it, and the others.

        `turns` stand before the question: a system turn of the data, whose text comes before the format's system
        prompt, and earlier questions and answers. `written` is applied to what comes from the data.
        """
        wording = fill(self.question_template, lambda _: written(question))
        texts = [written(turn["content"]) for turn in turns if turn["role"] == "system"]
        system = "\n\n".join(filter(None, [*texts, self.response_format.system_prompt]))
        earlier = [{**turn, "content": written(turn["content"])} for turn in turns if turn["role"] != "system"]
        others = [*earlier, {"role": "user", "content": wording}]
        if not system:
            return tuple(others)
        if self.template.keeps_system(system):
            return ({"role": "system", "content": system}, *others)
        first = next(place for place, turn in enumerate(others) if turn["role"] == "user")
        others[first] = {"role": "user", "content": f"{system}\n\n{others[first]['content']}"}
        return tuple(others)

    def encode(self, messages: tuple[Message, ...]) -> tuple[int, ...]:
        """Tokens of a conversation with its generation prompt; raises `UserError` where the template fails."""
        return self.template.tokens(messages)

    def target(self, problem: Problem) -> tuple[int, ...]:
        """The tokens that a warm start imitates, without an end token: the rendered solution from `opening` on."""
        layout, marks = self.response_format, self.template.marks
        text = layout.rest(self.opening, problem.solution, problem.answer)
        own = self.opening + layout.rest(self.opening, "", "")  # the layout's own tags may be special tokens
        return tuple(marks.encode(marks.guard(text, but=own)))

    @cached_property
    def opening(self) -> str:
        """What the generation prompt already writes of the response, such as `<think>` and a line break; else empty.

        Raises `UserError` where it opens a part that the response format does not begin with.
        """
        own, written = self.response_format.opening_tag, self.template.generation_prompt
        if not own:
            return unclosed_reasoning(written)
        if opened := unclosed(written, own):
            return opened
        if foreign := unclosed_reasoning(written).strip():
            fix = "begins with it too, such as think_answer" if foreign == "<think>" else "is free text, such as boxed"
            raise UserError(
                f"format.name: its layout begins with <{own}>, but the model's chat template begins every response "
                f"with {foreign}; name a format that {fix}, or set model.template so that it does not"
            )
        return ""

    def marks_in(self, problem: Problem) -> list[str]:
        """Special tokens of the template that are written out in the problem's question, turns or solution."""
        texts = (*(turn["content"] for turn in problem.turns), problem.question, problem.solution)
        own = self.response_format.render("", "")
        return [mark for text in texts for mark in self.template.marks.find(text, but=own)]

    def notes(self) -> Iterator[str]:
        """Lines on what the template does that a user may not expect."""
        template = self.template
        if unread := template.unread_settings:
            reason = "the model's chat template never reads it" if template.source else "the model has no chat template"
            yield f"model.template: {', '.join(unread)} changes nothing: {reason}"
        if head := template.missing_head:
            yield (
                f"the chat template begins no response (it ignores add_generation_prompt); prompts end with {head!r}, "
                "and the finished model's template prints it"
            )
        if tag := empty_block(template.generation_prompt):
            fix = f"; model.template: {{{THINKS}: true}} turns that off" if THINKS in template.source else ""
            yield f"the chat template writes an empty <{tag}></{tag}> before every response{fix}"
        if template.settings != self.given:
            tag = self.response_format.opening_tag
            yield (
                f"model.template.{THINKS} is true: the format begins with <{tag}>, and by default the chat template "
                "writes an empty one before every response"
            )
