"""The recipe's format section: the layout of completions."""

from typing import Literal

from pydantic import Field

from whet.config.section import Section


class TagsConfig(Section):
    """A custom response format, by its tags."""

    tags: list[str] = Field(min_length=1)
    """Tag names in order; the last one holds the answer: `[scratch, final]`."""
    system_prompt: str | None = None
    """The system prompt; the default names the tags."""
    lines: bool = False
    """Whether the strict layout puts each tag on a line of its own."""


class FormatConfig(Section):
    """The layout that completions must have."""

    shorthand = "name"

    name: Literal[
        "think_answer", "reasoning_answer", "reasoning_output_answer", "boxed", "gsm8k", "plain", "custom"
    ] = "think_answer"
    """A built-in layout, or `custom` with `custom.tags`."""
    system_prompt: str | None = None
    """Replaces the system prompt that comes with the layout; an empty string sends none."""
    custom: TagsConfig | None = None
    """The tags of a custom layout."""
