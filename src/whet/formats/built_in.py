"""The table of built-in formats, and custom formats by their tags."""

import re
from dataclasses import replace

from whet.config import FormatConfig, TagsConfig
from whet.errors import UserError
from whet.formats.base import ResponseFormat
from whet.formats.marked import Marked
from whet.formats.spans import boxes, hash_lines, last_number
from whet.formats.tagged import Tagged


def _tagged(name: str, *parts: str, lines: bool = False) -> Tagged:
    """A tagged format whose system prompt shows its layout, in about ten tokens per part."""
    between = ["the result in a sentence"] * (len(parts) - 2)
    bodies = ["your reasoning", *between, "the final answer"][-len(parts) :]
    bare = Tagged(name, "", parts, lines)
    return replace(bare, system_prompt=("Reply as:\n" if lines else "Reply as ") + bare.layout(bodies))


_BOXED = "Reason step by step and put the final answer in \\boxed{}."
_GSM8K = "Reason step by step, then end with a line of #### and the final answer."
_PLAIN = "Reason step by step and end with the answer, a number, on a line of its own."

_ROWS: tuple[ResponseFormat, ...] = (
    _tagged("think_answer", "think", "answer"),
    _tagged("reasoning_answer", "reasoning", "answer", lines=True),
    _tagged("reasoning_output_answer", "reasoning", "output", "answer", lines=True),
    Marked("boxed", _BOXED, opening="\\boxed{", closing="}", find=boxes, last_wins=True),
    Marked("gsm8k", _GSM8K, opening="#### ", closing="", find=hash_lines, own_line=True),
    Marked("plain", _PLAIN, opening="", closing="", find=last_number),
)

BUILT_IN = {row.name: row for row in _ROWS}
"""The formats that a recipe can name."""


def build_format(config: FormatConfig) -> ResponseFormat:
    """Builds the format of a recipe.

    Raises:
        UserError: `name` and `custom` disagree, or a custom tag is not a plain word or occurs twice.

    >>> build_format(FormatConfig()).render("37 + 45 = 82", "82")
    '<think>37 + 45 = 82</think> <answer>82</answer>'
    """
    if (config.name == "custom") != (config.custom is not None):
        raise UserError(
            f"format.name is {config.name!r} but format.custom is {'set' if config.custom else 'missing'}: "
            "write `name: custom` together with `custom: {tags: [...]}`"
        )
    row = _custom(config.custom) if config.custom else BUILT_IN[config.name]
    return row if config.system_prompt is None else replace(row, system_prompt=config.system_prompt)


def _custom(config: TagsConfig) -> Tagged:
    for tag in config.tags:
        if not re.fullmatch(r"[A-Za-z][\w-]*", tag) or config.tags.count(tag) > 1:
            raise UserError(
                f"format.custom.tags has {tag!r}: a tag is a word without brackets, used once, like `scratch`"
            )
    row = _tagged("custom", *config.tags, lines=config.lines)
    return row if config.system_prompt is None else replace(row, system_prompt=config.system_prompt)
