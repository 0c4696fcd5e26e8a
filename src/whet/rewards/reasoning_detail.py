"""A reward for the amount of reasoning: its words, repeated phrases left out."""

from pydantic import PositiveInt

from whet.config import Section
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.completions import each_text
from whet.rewards.format_compliance import reasoning_reader
from whet.rewards.repetition import repeated, words_of

PHRASE = 3
"""n of the n-grams whose repeats are not counted."""


class ReasoningDetailParams(Section):
    """Parameters of `reasoning_detail`."""

    words: PositiveInt = 30
    """How many words of reasoning, repeated ones left out, earn the full reward."""


def reasoning_detail(response_format: ResponseFormat | None, params: ReasoningDetailParams) -> RewardFn:
    """In [0, 1]: the length of the reasoning in words, over `words`, at most 1.

    min(1, (|w| - repeats) / `words`), where |w| counts the words of the reasoning and repeats the trigrams that
    occurred before. Beyond `words` nothing is gained; half of GSM8K's own solutions have over 40. Without a
    format the whole completion is read.
    """
    read = reasoning_reader(response_format)
    return each_text(lambda text: min(1.0, _new_words(read(text)) / params.words))


def _new_words(reasoning: str) -> int:
    found = words_of(reasoning)
    return len(found) - repeated(found, PHRASE)
