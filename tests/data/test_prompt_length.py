"""Prompts that leave no room for a response are found, named, counted and limited."""

import logging
from typing import Any

import pytest

from whet.config import FormatConfig
from whet.data.arithmetic import Arithmetic
from whet.data.prompt_length import PromptLengthFilter
from whet.data.prompts import PromptRenderer
from whet.errors import UserError
from whet.formats import build_format
from whet.types import Problem


class Letters:
    """A tokenizer without a chat template: one token for each character, and a count of what it has read."""

    chat_template = None

    def __init__(self) -> None:
        self.read = 0

    def encode(self, text: str, **_: bool) -> list[int]:
        self.read += 1
        return [ord(letter) for letter in text]


def room(context: int | None, max_tokens: int = 10, tokenizer: Any = None) -> PromptLengthFilter:
    """Without a system prompt, a prompt is the question and the end of its line."""
    silent = build_format(FormatConfig(system_prompt=""))
    return PromptLengthFilter(PromptRenderer(tokenizer or Letters(), silent), context, max_tokens)


def problems(*lengths: int) -> list[Problem]:
    return [Problem(f"id{i}", "q" * length, "1", row=i + 2) for i, length in enumerate(lengths)]


def test_what_fits_to_the_last_token_is_left_as_it_is() -> None:
    asked = problems(89, 5, 1)  # 89 letters, the end of the line and 10 tokens of a response are 100
    assert room(100).fitting(asked, "data.train") is asked
    assert room(None).fitting(problems(10**6), "data.train")[0].id == "id0"


def test_one_in_a_hundred_may_be_too_long_and_is_said_with_its_row(caplog: pytest.LogCaptureFixture) -> None:
    asked = problems(*[5] * 60, 90, *[5] * 39)
    with caplog.at_level(logging.WARNING, "whet.data"):
        kept = room(100).fitting(asked, "data.train")
    assert kept == [one for one in asked if one.id != "id60"]
    assert caplog.messages == [
        "data.train: left out: 1 of 100 prompts leave no room for 10 tokens in a context of 100: row 62 has 91 tokens"
    ]


def test_more_than_one_in_a_hundred_is_refused_with_the_rows_and_the_fix() -> None:
    with pytest.raises(UserError) as refusal:
        room(100).fitting(problems(*[5] * 96, 90, 95, 900, 100), "data.mix.0")
    assert str(refusal.value) == (
        "data.mix.0: 4 of 100 prompts leave no room for 10 tokens in a context of 100: row 98 has 91 tokens; row 99 "
        "has 96 tokens; row 100 has 901 tokens; and 1 more; take shorter ones with keep.longest_question, or lower "
        "grpo.sampling.max_tokens"
    )
    assert len(room(100).fitting(problems(*[5] * 96, 90, 95, 900, 100), "data.mix.0", max_broken=0.04)) == 96


def test_an_endless_source_is_refused_by_its_beginning() -> None:
    endless = Arithmetic(level=1)
    assert room(100).fitting(endless, "data.train") is endless
    with pytest.raises(UserError, match=r"^data\.train: 64 of 64 prompts leave no room for 10 tokens"):
        room(20).fitting(endless, "data.train")


def test_a_problem_of_no_file_goes_by_its_id() -> None:
    with pytest.raises(UserError, match="zero has 201 tokens"):
        room(100).fitting([Problem("zero", "q" * 200, "1")], "data.train")


def test_a_response_longer_than_the_context_leaves_room_for_nothing() -> None:
    with pytest.raises(UserError, match="2 of 2 prompts leave no room for 200 tokens in a context of 100"):
        room(100, max_tokens=200).fitting(problems(1, 2), "data.train")


def test_short_questions_are_not_even_read() -> None:
    tokenizer = Letters()
    room(1000, tokenizer=tokenizer).fitting(problems(*[50] * 500, 985), "data.train")
    # "a" with and without what the tokenizer puts before a text, an empty prompt, and the long one
    assert tokenizer.read == 4


def test_letters_of_several_bytes_are_not_taken_for_many() -> None:
    """The bound is bytes, the limit is tokens."""
    asked = [Problem("1", "é" * 60, "1")]
    assert room(100).fitting(asked, "data.train") == asked
