"""Settings of a recipe for the chat template, `model.template: {enable_thinking: true}`: which ones it may have."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from whet.errors import UserError

RESERVED = frozenset(
    {
        *("conversation", "messages", "chat_template", "add_generation_prompt", "continue_final_message", "tokenize"),
        *("padding", "truncation", "max_length", "tokenizer_kwargs", "strftime_now", "sanitize_control_tokens"),
        *("return_tensors", "return_dict", "return_assistant_tokens_mask"),
    }
)
"""Arguments of `apply_chat_template` that Whet gives itself, or that are no matter of the template."""


def check_template_settings(settings: Mapping[str, Any]) -> None:
    """Raises `UserError` for a name that is no variable of a template, or that is given to every template."""
    for name in settings:
        if not name.isidentifier():
            raise UserError(f"model.template: has {name!r}; a setting is a word, such as enable_thinking")
        if name in RESERVED:
            raise UserError(f"model.template.{name}: is no setting of a template, Whet gives it itself; take it out")


def unread(settings: Iterable[str], template: str) -> list[str]:
    """Returns the settings that a template never mentions.

    >>> unread(["enable_thinking", "thinking"], "{% if enable_thinking %}<think>{% endif %}")
    ['thinking']
    """
    return [name for name in settings if not re.search(rf"\b{re.escape(name)}\b", template)]


def with_defaults(template: str, settings: Mapping[str, Any]) -> str:
    """Returns the template with `settings` as the values of variables that a caller leaves undefined.

    >>> with_defaults("{{ a }}", {"a": True})
    '{%- if a is not defined -%}{%- set a = True -%}{%- endif +%}{{ a }}'
    """
    lines = (f"{{%- if {n} is not defined -%}}{{%- set {n} = {v!r} -%}}{{%- endif +%}}" for n, v in settings.items())
    return "".join(lines) + template
