"""One completion while it is written: its text with stop texts left out, its tokens, and why it ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from whet.rollout.detokenize import TextReader
from whet.types import Finish


@dataclass(frozen=True, slots=True)
class Scored:
    """A token of a completion, its log-probability, and the most likely tokens in its place."""

    id: int
    logprob: float
    """In nats, at the temperature of sampling; at 1 for temperature 0."""
    top: tuple[tuple[int, float], ...] = ()
    """(token, log-probability), likeliest first."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What a completion grows by."""

    index: int
    """Of the completion among those of its request."""
    text: str
    tokens: tuple[Scored, ...]
    finish: Finish | None


class Choice:
    """Takes a completion's tokens one by one; text that may begin a stop text is held back until that is decided."""

    def __init__(
        self,
        index: int,
        decode: Callable[[Sequence[int]], str],
        max_tokens: int,
        ends: frozenset[int],
        stops: Sequence[str] = (),
        opening: str = "",
    ) -> None:
        """`opening` is what the prompt already writes of the response: the text begins with it."""
        self.index, self.max_tokens = index, max_tokens
        self.finish: Finish | None = None
        self.count = 0
        """Tokens taken, an end token included."""
        self._ends, self._stops = ends, stops
        self._reader, self._held = TextReader(decode), opening
        self._waiting: list[tuple[int, Scored]] = []  # where in the held text a token begins

    def take(self, token: Scored) -> Delta:
        """Adds a token; returns what is certain."""
        self.count += 1
        self._waiting.append((len(self._held), token))
        ended, full = token.id in self._ends, self.count == self.max_tokens
        self._held += "" if ended else self._reader.feed(token.id)
        self._held += self._reader.finish() if ended or full else ""
        cut = first_stop(self._held, self._stops)
        if cut is not None:
            self.finish = "stop"
            self._waiting = [(at, one) for at, one in self._waiting if at < cut]
            return self._released(cut, all_tokens=True)
        if ended or full:
            self.finish = "stop" if ended else "length"
            return self._released(len(self._held), all_tokens=True)
        return self._released(len(self._held) - unfinished(self._held, self._stops))

    def _released(self, upto: int, all_tokens: bool = False) -> Delta:
        """The held text up to a place, with the tokens that begin before it."""
        text, self._held = self._held[:upto], self._held[upto:]
        whole = all_tokens or not self._held
        tokens = tuple(one for at, one in self._waiting if whole or at < upto)
        self._waiting = [(at - upto, one) for at, one in self._waiting if not whole and at >= upto]
        return Delta(self.index, text, tokens, self.finish)


def first_stop(text: str, stops: Sequence[str]) -> int | None:
    """Returns where the earliest stop text begins, None where there is none.

    >>> first_stop("a stop, an end", ["end", "stop"]), first_stop("a", ["b"])
    (2, None)
    """
    return min((at for stop in stops if (at := text.find(stop)) >= 0), default=None)


def unfinished(text: str, stops: Sequence[str]) -> int:
    r"""Returns the length of the longest end of `text` that is the beginning of a stop text.

    >>> unfinished("one\n", ["\n\n"]), unfinished("one", ["\n\n", "even"])
    (1, 1)
    """
    longest = min(max(map(len, stops), default=1) - 1, len(text))
    return next((n for n in range(longest, 0, -1) if any(stop.startswith(text[-n:]) for stop in stops)), 0)
