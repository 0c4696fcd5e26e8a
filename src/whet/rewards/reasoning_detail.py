"""A reward for the amount of reasoning: its words, without repeats, quotations of the question and padding."""

from pydantic import PositiveInt

from whet.config import Section
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.completions import each_with_question
from whet.rewards.format_compliance import reasoning_reader
from whet.rewards.new_words import new_words


class ReasoningDetailParams(Section):
    """Parameters of `reasoning_detail`."""

    words: PositiveInt = 30
    """How many words of reasoning, repeated ones left out, earn the full reward."""


def reasoning_detail(response_format: ResponseFormat | None, params: ReasoningDetailParams) -> RewardFn:
    """In [0, 1]: the length of the reasoning in words that say something new, over `words`, at most 1.

    min(1, (|w| - repeats) / `words`), where |w| counts the words of the reasoning that are no quotation of the
    question, and repeats the trigrams that occurred before or only count (`whet.rewards.new_words.new_words`). Beyond
    `words` nothing is gained; half of GSM8K's own solutions have over 40. Without a format the whole completion
    is read.
    """
    read = reasoning_reader(response_format)
    return each_with_question(lambda text, question: min(1.0, new_words(read(text), question) / params.words))
