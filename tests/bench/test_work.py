"""The work by hand."""

import tiny
from whet.bench.work import Work, always_different, prompt_tokens


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
