"""Renders problems as prompts: the only place where prompt text is assembled."""

from functools import cached_property
from typing import Any

from whet.data.question_template import PLACE, check_question_template, fill, has_columns
from whet.errors import UserError
from whet.formats import ResponseFormat
from whet.text import first_line
from whet.types import Message, Problem, Prompt

_PROBE = "Whet asks whether a system turn is kept."


class PromptRenderer:
    """Renders problems for one model and response format.

    `tokenizer` is anything with `apply_chat_template`, `chat_template` and `encode`, as in transformers. A model
    without a chat template gets plain text; where the template has no system turn, the user's begins with the
    format's system prompt.
    """

    def __init__(self, tokenizer: Any, response_format: ResponseFormat, question_template: str = PLACE):
        check_question_template(question_template)
        self.tokenizer = tokenizer
        self.system_prompt = response_format.system_prompt
        # Where the template names columns, the questions were worded by it when they were read.
        self.question_template = PLACE if has_columns(question_template) else question_template

    def render(self, problem: Problem) -> Prompt:
        """q: its turns, and its tokens up to where the response begins."""
        messages = self.messages(problem.question)
        return Prompt(problem, messages, self.encode(messages))

    def messages(self, question: str) -> tuple[Message, ...]:
        """The messages: a system turn, if there is a system prompt and the template supports it, and the user's."""
        wording = fill(self.question_template, lambda _: question)
        if not self.system_prompt:
            return ({"role": "user", "content": wording},)
        if not self._keeps_system_turns:
            return ({"role": "user", "content": f"{self.system_prompt}\n\n{wording}"},)
        return ({"role": "system", "content": self.system_prompt}, {"role": "user", "content": wording})

    def encode(self, messages: tuple[Message, ...]) -> tuple[int, ...]:
        """Tokens of a conversation with its generation prompt; raises `UserError` where the template fails."""
        if not self._has_template:
            text = "\n\n".join(message["content"] for message in messages) + "\n"
            return tuple(self.tokenizer.encode(text))
        turns = [dict(message) for message in messages]
        try:
            return tuple(self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False))
        except Exception as error:  # a template is a program, and fails in its own ways
            raise UserError(f"model.name: its chat template fails ({first_line(error)}); name another model") from error

    @cached_property
    def _has_template(self) -> bool:
        return getattr(self.tokenizer, "chat_template", None) is not None

    @cached_property
    def _keeps_system_turns(self) -> bool:
        """Whether the template keeps a system turn: some raise for one, some drop it silently."""
        if not self._has_template:
            return True
        turns = [{"role": "system", "content": _PROBE}, {"role": "user", "content": "?"}]
        try:
            text = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        except Exception:  # a template is a program, and refuses in its own way
            return False
        return _PROBE in text
