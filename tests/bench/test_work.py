"""The work by hand."""

import pytest

import tiny
from benchmarks.work import Work, always_different, prompt_tokens, work_of
from whet.errors import UserError


def test_rows() -> None:
    assert Work().rows == 32
    assert Work(prompts=3, group=5).rows == 15


def test_prompts_have_exactly_the_length_and_differ() -> None:
    prompts = prompt_tokens(tiny.tiny_tokenizer().encode, 12, 40)
    assert {len(prompt) for prompt in prompts} == {40}
    assert len({tuple(prompt) for prompt in prompts}) == 12


def test_a_group_of_any_size_above_one_has_a_signal() -> None:
    for size in (2, 3, 8):
        assert len(set(always_different(size))) == 2


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "1,2,3,x", "1,2,0,4", "1,2,-3,4", "1.5,2,3,4"])
def test_a_shape_is_four_whole_numbers(text: str) -> None:
    with pytest.raises(UserError, match="four whole numbers Q,G,P,C"):
        work_of(text)
