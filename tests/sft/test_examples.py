"""Packing by hand, and that what is packed means what it meant."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tiny
from plainly import token_logprobs
from whet.policy.language_model import LanguageModel
from whet.sft.examples import Example, Examples, one_group

THREE = [Example((1, 2, 3, 4), (50, 51)), Example((1, 2, 9), (60, 61, 62)), Example((1, 2, 3), (70,))]


def test_packing_by_hand() -> None:
    """All begin with 1 2; the rest of each prompt opens its row and is not imitated."""
    batch = one_group(THREE)
    assert [prompt.tolist() for prompt in batch.prompts] == [[1, 2]]
    assert batch.group_B.tolist() == [0, 0, 0]
    assert batch.tokens_BT.tolist() == [[3, 4, 50, 51], [9, 60, 61, 62], [3, 70, 0, 0]]
    assert batch.mask_BT.int().tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0]]
    assert batch.loss_mask_BT.int().tolist() == [[0, 0, 1, 1], [0, 1, 1, 1], [0, 1, 0, 0]]
    assert batch.tokens_BT.dtype == batch.prompts[0].dtype == torch.int64


def test_equal_prompts_are_shared_whole() -> None:
    batch = one_group([Example((1, 2), (3,)), Example((1, 2), (4, 5))])
    assert batch.prompts[0].tolist() == [1, 2]
    assert batch.loss_mask_BT.tolist() == [[True, False], [True, True]]


@pytest.mark.parametrize("family", ["llama", "gemma3"])
@pytest.mark.parametrize(
    "examples",
    [
        THREE,
        [Example((5, 6), (50, 51)), Example((7, 6, 8), (60,))],  # nothing in common
        [Example((5, 6, 7), (50, 51))],
        [Example((5, 6), (50, 51)), Example((5,), (60,))],  # one prompt begins with the other
    ],
    ids=["some", "nothing", "alone", "all of one"],
)
def test_packed_targets_have_the_logprobs_of_unpacked_rows(family: str, examples: list[Example]) -> None:
    model, batch = tiny.tiny_model(family), one_group(examples)
    found = LanguageModel(model, tiny.tiny_tokenizer()).logprobs(batch)[batch.loss_mask_BT]
    rows = [token_logprobs(model, torch.tensor(e.prompt), torch.tensor(e.response)) for e in examples]
    torch.testing.assert_close(found, torch.cat(rows), rtol=0, atol=1e-4)


def costs(lengths: list[tuple[int, int]]) -> list[Example]:
    return [Example((1,) * prompt, (2,) * response) for prompt, response in lengths]


def cut(examples: list[Example], limit: int) -> list[list[Example]]:
    return [list(part.all) for part in Examples(examples).micro_batches(limit)]


def test_micro_batches_by_hand() -> None:
    """Costs 5, 5, 4, 12, 1, 9 within 10: one that is too long stands alone."""
    examples = costs([(2, 3), (4, 1), (2, 2), (6, 6), (0, 1), (5, 4)])
    assert cut(examples, 10) == [examples[:2], examples[2:3], examples[3:4], examples[4:]]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=20), st.integers(1, 40))
def test_micro_batches_keep_every_example_in_order_within_the_limit(lengths: list[tuple[int, int]], limit: int) -> None:
    examples = costs(lengths)
    parts = cut(examples, limit)
    assert [example for part in parts for example in part] == examples
    assert all(part for part in parts)
    for part in parts:
        assert len(part) == 1 or sum(len(e.prompt) + len(e.response) for e in part) <= limit


def test_the_smallest_micro_batch_is_the_shortest_example() -> None:
    assert Examples(costs([(2, 3), (4, 1), (2, 2), (6, 6)])).smallest == 4
    assert [len(part) for part in cut(costs([(2, 3), (2, 2)]), 4)] == [1, 1]
