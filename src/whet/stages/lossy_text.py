"""Text that a tokenizer does not give back as it was: unknown letters, lost accents, capitals or line breaks."""

import unicodedata
from collections.abc import Iterator, Sequence

from whet.build.task import Task
from whet.rollout.decode_text import decoded
from whet.types import Problem

AROUND = 12
"""Characters of an example on either side of the first difference."""


def lossy_lines(problems: Sequence[Problem], task: Task) -> Iterator[str]:
    """Yields a line on the problems whose question or target the tokenizer changes, with the first such change.

    The model reads a question so, and what it imitates loses its marks. White space at either end, and the way in which
    accents are composed, do not count.
    """
    layout, marks = task.response_format, task.renderer.template.marks
    own = layout.render("", "")  # its tags may be special tokens
    texts = [
        (one, text)
        for one in problems
        for text in (one.question, layout.render(one.solution, one.answer))
        if not marks.find(text, but=own)
    ]
    backs = decoded(task.renderer.tokenizer, [marks.encode(text) for _, text in texts])
    pairs = [(one, _plain(text), _plain(back)) for (one, text), back in zip(texts, backs, strict=True)]
    changed = [pair for pair in pairs if pair[1] != pair[2]]
    if changed:
        count, (first, text, back) = len({one.id for one, _, _ in changed}), changed[0]
        was, found = _first_difference(text, back)
        what = f"the tokenizer does not give back the text of {count} of {len(problems)} problems"
        yield f"{what}: {was!r} becomes {found!r} ({first.name}), and the model reads it so; write it otherwise"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _first_difference(text: str, back: str) -> tuple[str, str]:
    """The surroundings of the first place at which two texts differ.

    >>> _first_difference("What is x² + 1?", "What is x2 + 1?")
    ('What is x² + 1?', 'What is x2 + 1?')
    """
    shorter = min(len(text), len(back))
    at = next((place for place in range(shorter) if text[place] != back[place]), shorter)
    return text[max(0, at - AROUND) : at + AROUND], back[max(0, at - AROUND) : at + AROUND]
