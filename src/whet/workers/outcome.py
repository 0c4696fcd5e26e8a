"""What became of a request to a worker."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

Fate = Literal["answered", "late", "died", "refused"]
"""`refused`: the worker could not be made ready."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer, or why there is none."""

    fate: Fate
    answer: bytes = b""
    what: str = ""
    """Why there is no answer, as the end of a sentence: `took longer than 5 s and was stopped`."""
    printed: str = ""
    """The beginning of what was printed meanwhile."""

    def head(self) -> bytes:
        """All but the answer, to be sent ahead of it."""
        return json.dumps({name: value for name, value in asdict(self).items() if name != "answer"}).encode()

    @classmethod
    def of(cls, head: bytes, answer: bytes) -> "Outcome":
        """The outcome whose `head` and answer these are."""
        return cls(answer=answer, **json.loads(head))
