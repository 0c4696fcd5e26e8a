"""The error for what a run has not: a step, a group, a problem, an evaluation."""

from typing import Any

from whet.errors import UserError


class MissingError(UserError):
    """There is no such thing in the run; `more` are further keys of the answer that says so."""

    def __init__(self, message: str, **more: Any) -> None:
        super().__init__(message)
        self.more = more
