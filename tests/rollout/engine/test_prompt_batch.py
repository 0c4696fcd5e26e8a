"""What prompts begin with is computed once; the layout by hand."""

import pytest
import torch

from whet.rollout.engine.prompt_batch import LEAST, PromptBatch, common_tokens

HEAD = list(range(100, 100 + LEAST))


@pytest.mark.parametrize(
    ("prompts", "common"),
    [
        ([[*HEAD, 1, 2], [*HEAD, 3], [*HEAD, 1]], LEAST),
        ([[*HEAD, 1, 2], [*HEAD, 1, 3]], LEAST + 1),
        ([[*HEAD, 1, 2], [*HEAD, 1]], LEAST),  # the second one keeps its last token
        ([[*HEAD, 1], [*HEAD, 1]], LEAST),
        ([[*HEAD, 1], HEAD], 0),  # it would be LEAST − 1
        ([[*HEAD[1:], 1], [*HEAD[1:], 2]], 0),
        ([[1, *HEAD], [2, *HEAD]], 0),
        ([[*HEAD, 1, 2]], 0),
    ],
)
def test_common_tokens(prompts: list[list[int]], common: int) -> None:
    assert common_tokens(prompts, 64) == common


def test_the_layout_by_hand() -> None:
    batch = PromptBatch.of([[*HEAD, 1, 2, 3], (*HEAD, 4)], 64)
    assert batch.tokens == [*HEAD, 1, 2, 3, 4, 0, 0]
    assert batch.last == [LEAST + 2, LEAST + 3]
    assert batch.positions(torch.device("cpu")).tolist() == [*range(LEAST), *[LEAST, LEAST + 1, LEAST + 2] * 2]
    tokens = torch.tensor(batch.tokens)[:, None]
    assert batch.own(tokens)[..., 0].tolist() == [[1, 2, 3], [4, 0, 0]]
    assert batch.whole(tokens)[..., 0].tolist() == [[*HEAD, 1, 2, 3], [*HEAD, 4, 0, 0]]


def test_prompts_with_nothing_in_common_are_padded_rows() -> None:
    batch = PromptBatch.of([[1, 2], [3]], 64)
    assert (batch.shared, batch.tokens, batch.last) == (0, [1, 2, 3, 0], [1, 2])
    assert batch.whole(torch.tensor(batch.tokens)).tolist() == [[1, 2], [3, 0]]


def test_a_short_beginning_of_long_prompts_is_not_worth_a_mask() -> None:
    """576 wide, 20 tokens in common: 6 · 576 · 20 = 69,120 are more than 300 · 130 and less than 2,000 · 980."""
    for length, common in ((300, 20), (2000, 0)):
        prompts = [[1] * 20 + [own] * (length - 20) for own in (2, 3)]
        assert common_tokens(prompts, 576) == common


def test_from_half_of_a_prompt_on_it_always_is() -> None:
    prompts = [[1] * 5000 + [own] * 5000 for own in (2, 3)]
    assert common_tokens(prompts, 8) == 5000
