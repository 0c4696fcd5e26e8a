"""A model's chat template: renders conversations, and knows where a response begins and which token ends it.

A template is a program; what it does is found by rendering a conversation of known sentences. A model without a
template reads plain text.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from whet.chat_template.assistant_head import missing_head
from whet.chat_template.fixed_date import prints_date, with_date
from whet.chat_template.special_marks import SpecialMarks
from whet.chat_template.template_settings import unread
from whet.errors import UserError
from whet.text import both_ends, first_line
from whet.types import Message

QUESTION: Message = {"role": "user", "content": "Whet asks whether this question is read."}
ANSWER: Message = {"role": "assistant", "content": "Whet asks what ends this answer."}


class ChatTemplate:
    """Renders conversations for one tokenizer, with the recipe's settings, on one day.

    `tokenizer` is anything with `apply_chat_template`, `chat_template` and `encode`, as in transformers.
    """

    def __init__(self, tokenizer: Any, settings: Mapping[str, Any] | None = None, day: date | None = None) -> None:
        """`settings` are variables of the template; `day` is what it prints as today, by default today."""
        self.tokenizer = tokenizer
        self.settings = dict(settings or {})
        self.day = day or date.today()
        self._kept: dict[str, bool] = {}

    def text(self, messages: Sequence[Message], generation_prompt: bool = True) -> str:
        """Renders a conversation, up to where the response begins. Raises `UserError` where the template fails."""
        if not self.source:
            return "\n\n".join(message["content"] for message in messages) + "\n"
        turns = [self._turn(message, self._takes_parts) for message in messages]
        # asked for only where needed: finding the head renders conversations without a generation prompt
        return self._apply(turns, generation_prompt) + (self.missing_head if generation_prompt else "")

    def tokens(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """Returns the tokens of a conversation up to where the response begins: one start token, no end token.

        Contents may be guarded (`SpecialMarks.guard`). Raises `UserError` where the template fails, or leaves out words
        of a system's or a user's turn.
        """
        text = self.text(messages)
        for role, content in ((message["role"], message["content"].strip()) for message in messages):
            if role in ("system", "user") and content not in text:
                said = f"does not print all that the {role}'s turn says ({both_ends(content, 60)!r})"
                raise UserError(f"model.name: its chat template {said}; name another model, or mend its template")
        if self._surplus_end and text.rstrip().endswith(self._surplus_end):
            text = text.rstrip().removesuffix(self._surplus_end)
        tokens = [*self._before, *self.marks.encode(text)]
        start = getattr(self.tokenizer, "bos_token_id", None)
        twice = start is not None and tokens[:2] == [start, start]
        return tuple(tokens[twice:])

    @cached_property
    def source(self) -> str:
        """The template's text; empty for none. Raises `UserError` where there are several, and none is the default."""
        template = getattr(self.tokenizer, "chat_template", None)
        if isinstance(template, dict) and template:  # several by name: transformers takes this one
            if "default" not in template:
                names = ", ".join(sorted(template))
                fix = "name the one to use so (`chat_template` in tokenizer_config.json)"
                raise UserError(f"model.name: its chat templates are {names}, and none is called default; {fix}")
            template = template["default"]
        return template or ""

    @cached_property
    def marks(self) -> SpecialMarks:
        """The marks that a question must not hold as tokens: special ones, and added ones that the template prints."""
        printed = self._try([QUESTION, ANSWER]) + self._try([QUESTION], generation_prompt=True)
        return SpecialMarks(self.tokenizer, [token for token in self._added.values() if token in printed])

    def keeps_system(self, text: str) -> bool:
        """Whether a system turn with this text is printed in full: some templates raise, drop it, or change it."""
        if text not in self._kept:
            turns: list[Message] = [{"role": "system", "content": text}, QUESTION]
            self._kept[text] = not self.source or text.strip() in self._try(turns, generation_prompt=True)
        return self._kept[text]

    @cached_property
    def missing_head(self) -> str:
        """What begins an assistant's turn, in a template that prints it for no generation prompt; else empty."""
        return missing_head(self.source, self._try([QUESTION]), self._try([QUESTION, ANSWER]), ANSWER["content"])

    @cached_property
    def generation_prompt(self) -> str:
        """What stands between a question and the response: end of the user's turn, head of the assistant's.

        Empty without a template.
        """
        if not self.source:
            return ""
        return self.text([QUESTION]).rpartition(QUESTION["content"])[2]

    @cached_property
    def turn_end(self) -> int | None:
        """The id of the token that ends an assistant's turn; None where the template has no such token."""
        _, answered, after = self._try([QUESTION, ANSWER]).rpartition(ANSWER["content"])
        if not answered:
            return None
        special = {*self._added, *getattr(self.tokenizer, "all_special_ids", ())}
        tokens = self.tokenizer.encode(after, add_special_tokens=False)
        return next((token for token in tokens if token in special), None)

    @property
    def prints_date(self) -> bool:
        """Whether the template prints today's date."""
        return prints_date(self.source)

    @property
    def unread_settings(self) -> list[str]:
        """The settings that the template never reads."""
        return unread(self.settings, self.source)

    @cached_property
    def _added(self) -> dict[int, str]:
        """The tokens that were added to the vocabulary, special or not, without white space, by their ids."""
        added = getattr(self.tokenizer, "added_tokens_decoder", {}).items()
        return {number: token.content for number, token in added if token.content.strip()}

    @cached_property
    def _takes_parts(self) -> bool:
        """Whether contents must be lists of parts: such a template prints nothing of a text."""
        failure: UserError | None = None
        for parts in (False, True):
            try:
                printed = self._apply([self._turn(QUESTION, parts)], True)
                if QUESTION["content"] in printed and not (
                    parts and str(self._turn(QUESTION, parts)["content"]) in printed
                ):
                    return parts  # a template for texts prints a list of parts as Python would
            except UserError as error:
                failure = failure or error
        fix = "name another model, or mend its template"
        raise failure or UserError(f"model.name: its chat template does not print what the user says; {fix}")

    @cached_property
    def _surplus_end(self) -> str:
        """An end token that the template appends to a prompt, though no response of its own follows one; else empty."""
        end = getattr(self.tokenizer, "eos_token", None)
        if not self.source or not end or not self.text([QUESTION]).rstrip().endswith(end):
            return ""
        before, answered, _ = self._try([QUESTION, ANSWER]).rpartition(ANSWER["content"])
        return end if answered and not before.rstrip().endswith(end) else ""

    @cached_property
    def _before(self) -> list[int]:
        """The tokens that the tokenizer puts before plain text; a template prints its own."""
        if self.source:
            return []
        bare, whole = (self.tokenizer.encode("a", add_special_tokens=special) for special in (False, True))
        start = next((n for n in range(len(whole)) if whole[n : n + len(bare)] == bare), 0)
        return list(whole[:start])

    def _turn(self, message: Message, parts: bool) -> dict[str, Any]:
        content = message["content"]
        return {**message, "content": [{"type": "text", "text": content}] if parts else content}

    def _try(self, messages: Sequence[Message], generation_prompt: bool = False) -> str:
        """Renders a conversation; empty where the template fails or there is none."""
        try:
            return self.text(messages, generation_prompt) if self.source else ""
        except UserError:
            return ""

    def _apply(self, turns: list[dict[str, Any]], generation_prompt: bool) -> str:
        dated = {"chat_template": with_date(self.source, self.day)} if self.prints_date else {}
        options = {"add_generation_prompt": generation_prompt, "tokenize": False, **dated, **self.settings}
        try:
            return str(self.tokenizer.apply_chat_template(turns, **options))
        except Exception as error:  # a template is a program, and fails in its own ways
            raise UserError(f"model.name: its chat template fails ({first_line(error)}); name another model") from error
