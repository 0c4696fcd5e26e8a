"""The interface of a response format."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

TRAILING_COST = 0.001
"""The penalty of `ResponseFormat.tags` per character outside the parts of the layout."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The parts of a completion, stripped; `None` where a part is absent."""

    reasoning: str | None
    answer: str | None
    output: str | None = None
    """The result in a sentence, where the format has a part for it between reasoning and answer."""


@dataclass(frozen=True)
class ResponseFormat(ABC):
    """The required layout of completions, and its rendering, parsing and scoring."""

    name: str
    system_prompt: str
    """The system prompt that requests the layout; empty for no system turn."""

    @abstractmethod
    def render(self, solution: str, answer: str) -> str:
        """Renders the target completion. Marks of this format inside `solution` are dropped; it may be empty."""

    @property
    def opening_tag(self) -> str:
        """The name of the tag with which the layout begins; empty where it begins with free text."""
        return ""

    @abstractmethod
    def rest(self, opening: str, solution: str, answer: str) -> str:
        """Renders what completes `opening`, the opened reasoning that a prompt already ends in; empty for none."""

    @abstractmethod
    def parse(self, text: str) -> Parsed:
        """Parses a completion, even in a broken layout. An opening tag that the prompt ends in may be missing."""

    @abstractmethod
    def strict(self, text: str) -> bool:
        """Whether the layout is exact, down to the white space between its parts, and no part is blank.

        White space around the whole completion does not count.
        """

    @abstractmethod
    def soft(self, text: str) -> bool:
        """Whether every part is there, in order, with content in it, whatever the white space."""

    @abstractmethod
    def tags(self, text: str) -> float:
        """In [0, 1]: the share of marks present exactly once and in order, around content, less `TRAILING_COST` for
        each character outside the parts."""

    @abstractmethod
    def partial(self, text: str) -> float:
        """In [0, 1], the least strict: the share of marks present at all, in any number and order."""


def agreed(answers: Sequence[str]) -> str | None:
    """The common value of all answers, stripped; `None` where there is none or they differ.

    >>> agreed(["82", " 82 "]), agreed(["82", "83"])
    ('82', None)
    """
    different = {answer.strip() for answer in answers}
    return different.pop() if len(different) == 1 else None
