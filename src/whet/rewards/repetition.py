"""The n-gram repetition penalty."""

from collections.abc import Sequence

from pydantic import Field

from whet.config import Section
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.completions import each_text
from whet.rewards.new_words import repeats, share, words_of


class RepetitionParams(Section):
    """Parameters of `repetition`."""

    size: int = Field(4, ge=1, le=100)
    """n: how many words in a row are compared."""


def repetition(response_format: ResponseFormat | None, params: RepetitionParams) -> RewardFn:
    """In (-1, 0]: minus the share of repeated n-grams, 1 - |unique| / |all|.

    seq-rep-n of "Neural Text Generation with Unlikelihood Training" (arXiv:1908.04319), which is also the
    n-gram penalty of "Demystifying Long Chain-of-Thought" (arXiv:2502.03373, appendix C). n is `size`, over
    the lower-cased words of the whole completion, tags included; 0 for fewer than n words. Here a run of
    characters without a space is split, and an n-gram that keeps coming with other numbers is repeated too.
    """
    return each_text(lambda text: 0.0 - repeated_share(words_of(text), params.size))


def repeated_share(words: Sequence[str], size: int) -> float:
    """The repeated n-grams as a share of all, under 1; 0 where there are none.

    >>> repeated_share(["a", "b", "a", "b", "a"], 2)
    0.5
    """
    return share(repeats(words, size))
