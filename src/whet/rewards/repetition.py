"""The n-gram repetition penalty."""

import re
from collections.abc import Sequence

from pydantic import Field

from whet.config import Section
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.completions import each_text

_WORD = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]|[^\s\u2e80-\u9fff\uac00-\ud7af]+")
"""A run of non-spaces; in Chinese, Japanese and Korean, each character."""


class RepetitionParams(Section):
    """Parameters of `repetition`."""

    size: int = Field(4, ge=1, le=100)
    """n: how many words in a row are compared."""


def repetition(response_format: ResponseFormat | None, params: RepetitionParams) -> RewardFn:
    """In (-1, 0]: minus the share of repeated n-grams, 1 - |unique| / |all|.

    seq-rep-n of "Neural Text Generation with Unlikelihood Training" (arXiv:1908.04319), which is also the
    n-gram penalty of "Demystifying Long Chain-of-Thought" (arXiv:2502.03373, appendix C). n is `size`, over
    the lower-cased words of the whole completion, tags included; 0 for fewer than n words.
    """
    return each_text(lambda text: 0.0 - repeated_share(words_of(text), params.size))


def words_of(text: str) -> list[str]:
    """Splits a text into lower-cased words.

    >>> words_of("Half of 48/2 is 12.")
    ['half', 'of', '48/2', 'is', '12.']
    """
    return _WORD.findall(text.lower())


def repeated(words: Sequence[str], size: int) -> int:
    """The number of n-grams that occurred earlier in the words; n is `size`.

    >>> repeated(["a", "b", "a", "b", "a"], 2)
    2
    """
    total = max(0, len(words) - size + 1)
    return total - len({tuple(words[start : start + size]) for start in range(total)})


def repeated_share(words: Sequence[str], size: int) -> float:
    """`repeated` as a share of all n-grams, under 1; 0 where there are none."""
    return repeated(words, size) / max(1, len(words) - size + 1)
