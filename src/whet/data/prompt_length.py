"""Filters problems whose prompt leaves too little of the context for a completion of `max_tokens`."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from whet.data.endless import is_endless
from whet.data.intake import MAX_BROKEN, few
from whet.data.prompts import PromptRenderer
from whet.data.refused_turns import without_refused
from whet.errors import UserError
from whet.types import Problem

MARGIN = 16
"""Tokens by which a prompt may exceed the bytes of its question plus the tokens of an empty prompt."""

SAMPLE = 64
"""Problems of an endless source that are looked at."""

_LOG = logging.getLogger("whet.data")


@dataclass(frozen=True)
class PromptLengthFilter:
    """Leaves out problems whose prompts are too long for one model."""

    renderer: PromptRenderer
    context: int | None
    """Context length: tokens of prompt and completion together; None where the model has no limit."""
    max_tokens: int
    """The most tokens of a completion."""

    def fitting(self, problems: Sequence[Problem], where: str, max_broken: float = MAX_BROKEN) -> Sequence[Problem]:
        """The problems whose prompts fit; the others are left out, counted and logged.

        So are conversations that the chat template refuses. An endless source is returned as it is. `where` is the
        source's place in the recipe. Raises `UserError` where more than the share `max_broken` does not fit; of an
        endless source, of its first `SAMPLE`.
        """
        problems = without_refused(problems, self.renderer, where, max_broken)
        if self.context is None:
            return problems
        count = SAMPLE if is_endless(problems) else len(problems)
        lengths = {place: length for place in range(count) if (length := self._excess(problems[place]))}
        if not lengths:
            return problems
        named = few([f"{problems[place].name} has {length} tokens" for place, length in lengths.items()])
        room = f"leave no room for {self.max_tokens} tokens in a context of {self.context}"
        message = f"{len(lengths)} of {count} prompts {room}: {named}"
        if len(lengths) > max_broken * count:
            fix = "take shorter ones with keep.longest_question, or lower grpo.sampling.max_tokens"
            raise UserError(f"{where}: {message}; {fix}")
        if is_endless(problems):
            return problems
        _LOG.warning("%s: left out: %s", where, message)
        return [problem for place, problem in enumerate(problems) if place not in lengths]

    def _excess(self, problem: Problem) -> int:
        """The length of a prompt that does not fit, in tokens; 0 for one that does.

        No token is shorter than a byte, so few questions need to be tokenized.
        """
        room = (self.context or 0) - self.max_tokens
        if not problem.turns and len(problem.question.encode()) + self._empty + MARGIN <= room:
            return 0
        length = self._length(problem)
        return length if length > room else 0

    @cached_property
    def _empty(self) -> int:
        """The number of tokens of a prompt with an empty question."""
        return self._length(Problem("", "", ""))

    def _length(self, problem: Problem) -> int:
        return len(self.renderer.render(problem).tokens)
