"""What a response format can do."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

TRAILING_COST = 0.001
"""What `ResponseFormat.tags` loses for each character after the end of the layout."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The parts of a response, stripped; `None` where a part is absent."""

    reasoning: str | None
    answer: str | None
    output: str | None = None
    """The result in a sentence, where the format has a part for it between reasoning and answer."""


@dataclass(frozen=True)
class ResponseFormat(ABC):
    """How a response must be laid out."""

    name: str
    system_prompt: str
    """What the model is told; empty sends no system turn."""

    @abstractmethod
    def render(self, solution: str, answer: str) -> str:
        """The response to imitate. Marks of this format inside `solution` are dropped; it may be empty."""

    @abstractmethod
    def parse(self, text: str) -> Parsed:
        """The parts of a response, however badly it is laid out. An opening tag that the prompt already gave
        away may be missing."""

    @abstractmethod
    def strict(self, text: str) -> bool:
        """Whether the layout is exact, down to the white space between its parts, and no part is blank.

        White space around the whole response does not count.
        """

    @abstractmethod
    def soft(self, text: str) -> bool:
        """Whether every part is there, in order, whatever the white space."""

    @abstractmethod
    def tags(self, text: str) -> float:
        """In [0, 1]: the share of marks present exactly once, less `TRAILING_COST` for each character after
        the end of the layout."""

    @abstractmethod
    def partial(self, text: str) -> float:
        """In [0, 1], the gentlest: the share of marks present at all, in any number and order."""


def agreed(answers: Sequence[str]) -> str | None:
    """The answer that all of these give, stripped; `None` where there is none or they differ.

    >>> agreed(["82", " 82 "]), agreed(["82", "83"])
    ('82', None)
    """
    different = {answer.strip() for answer in answers}
    return different.pop() if len(different) == 1 else None
