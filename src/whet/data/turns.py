"""Reads conversations: OpenAI's messages, ShareGPT's turns, contents that are lists of parts."""

from collections.abc import Mapping
from typing import Any

from whet.data.cells import unpacked
from whet.data.intake import BrokenRowError

NAMES = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns", "chat")
"""Known names of columns with a whole conversation."""

_ROLES: Mapping[str, str] = {
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "model", "bot", "chatgpt", "ai"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
}
"""Roles by the names that data sets give them."""

_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
"""Keys of a turn that hold the reasoning before its content."""

Turn = tuple[str, str]
"""Role and text."""


def turns_of(value: Any) -> list[Turn] | None:
    """The turns of a conversation, with roles as in `Message`; None for any other value.

    A last turn that has its reasoning beside its content begins with it in `<think>`. Raises `BrokenRowError` for a
    turn whose content is no text, such as an image.

    >>> turns_of([{"from": "human", "value": "1 + 1?"}, {"from": "gpt", "value": "2"}])
    [('user', '1 + 1?'), ('assistant', '2')]
    """
    value = unpacked(value)
    if isinstance(value, dict):
        value = value.get("messages") or value.get("conversations") or [value]
    if not isinstance(value, list) or not value or not all(map(_is_turn, value)):
        return None
    turns = [(_role(turn), content_text(turn.get("content", turn.get("value")))) for turn in value]
    role, text = turns[-1]
    thought = next((value[-1][name] for name in _THOUGHTS if isinstance(value[-1].get(name), str)), "").strip()
    return [*turns[:-1], (role, f"<think>{thought}</think>\n{text}")] if thought else turns


def _is_turn(value: Any) -> bool:
    return (
        isinstance(value, dict) and bool({"role", "from"} & value.keys()) and bool({"content", "value"} & value.keys())
    )


def _role(turn: Mapping[str, Any]) -> str:
    role = str(turn.get("role", turn.get("from")))
    return _ROLES.get(role.lower(), role)


def content_text(content: Any) -> str:
    """The text of a turn's content: a string, or a list of parts, all of them text; `BrokenRowError` otherwise.

    >>> content_text([{"type": "text", "text": "1 + "}, "1?"])
    '1 + 1?'
    """
    parts = content if isinstance(content, list) else [content]
    for part in parts:
        if isinstance(part, dict) and part.get("text") is None:
            raise BrokenRowError(f"has a turn with a part that is no text: {part.get('type', str(part)[:40])!r}")
        if not isinstance(part, dict | str):
            raise BrokenRowError(f"has a turn whose content is no text: {str(content)[:40]!r}")
    return "".join(part if isinstance(part, str) else str(part["text"]) for part in parts)
