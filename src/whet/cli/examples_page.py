"""Prints prompts and SFT targets as the model gets them, what is learned marked in the margin."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from whet.text import one_line

if TYPE_CHECKING:
    from whet.stages.show_examples import ShownExample, ShownTokens

MARGIN, LEARNED, BREAK = "  ", "| ", "$"
"""Before a line that is read, before one that is learned, and at the end of a line that the text itself breaks."""

AROUND = 4
"""Tokens shown on either side of the place where a response begins."""


def examples_page(examples: "Sequence[ShownExample]", width: int = 100) -> RenderableType:
    """Renders examples for a console of `width` columns; without colour it says the same."""
    legend = (
        f"{LEARNED}marks what a warm start learns, {BREAK} a line break of the text; special tokens are spelled out"
    )
    parts = [line for number, one in enumerate(examples, 1) for line in _lines(one, number, len(examples), width)]
    return Group(*(Text(line, style="dim") for line in wrap(legend, width)), *parts)


def _lines(one: "ShownExample", number: int, of: int, width: int) -> Iterator[Text]:
    learned = f"{len(one.target.ids)} learned" if one.target else "nothing learned: no worked solution"
    yield Text()
    yield Text(f"{number} of {of}: {one_line(one.problem, 24)}, {len(one.prompt.ids)} tokens read, {learned}", "bold")
    yield from _marked(one.prompt.text, MARGIN, "", width)
    if one.target:
        yield from _marked(one.target.text, LEARNED, "green", width)
        yield from _seam(one.prompt, one.target, width)


def _marked(text: str, margin: str, style: str, width: int) -> Iterator[Text]:
    """The text's lines, cut to the width, each behind a margin."""
    lines = text.split("\n")
    for place, line in enumerate(lines):
        shown = "".join(letter if letter.isprintable() else "·" for letter in line)
        shown += BREAK if place + 1 < len(lines) else ""
        for piece in _wrapped(shown, width - len(margin)):
            yield Text(margin + piece, style=style)


def _wrapped(text: str, width: int) -> list[str]:
    """The text in pieces of at most `width` letters, none of them lost."""
    return [text[start : start + width] for start in range(0, len(text), width)]


def _seam(prompt: "ShownTokens", target: "ShownTokens", width: int) -> Iterator[Text]:
    """The tokens on either side of where the response begins, and the last one, with their ids."""
    yield from _marked(f"last read: {_named(prompt, slice(-AROUND, None))}", MARGIN, "dim", width)
    yield from _marked(f"first learned: {_named(target, slice(AROUND))}", LEARNED, "dim", width)
    yield from _marked(f"last learned: {_named(target, slice(-1, None))}", LEARNED, "dim", width)


def _named(tokens: "ShownTokens", part: slice) -> str:
    return " ".join(f"{text!r}:{number}" for text, number in zip(tokens.texts[part], tokens.ids[part], strict=True))
