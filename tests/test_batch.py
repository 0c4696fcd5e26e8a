"""Groups become tensors, and micro-batches are whole groups of them, or rows of one that is too large."""

from collections import Counter
from dataclasses import fields, replace
from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from batches import prompt, ragged_batch, rollout
from whet.batch import Batch, collate, common_prefix, moved
from whet.types import Group, Reward


def two_groups() -> Batch:
    """Prompts of 3 and 1 tokens; responses of 2 and 1, and of 3 tokens."""
    first = Group(
        prompt("a", (5, 6, 7)),
        (rollout([10, 2], [-0.5, -0.25]), rollout([11], [-1.5])),
        (Reward(1.0), Reward(0.0)),
    )
    second = Group(prompt("b", (8,)), (rollout([12, 13, 2], [-2.0, -3.0, -4.0], "length"),), (Reward(None),))
    return collate([first, second], [[0.5, -0.5], [0.0]])


def test_collate_by_hand() -> None:
    batch = two_groups()
    assert [tokens.tolist() for tokens in batch.prompts] == [[5, 6, 7], [8]]
    assert batch.group_B.tolist() == [0, 0, 1]
    assert batch.tokens_BT.tolist() == [[10, 2, 0], [11, 0, 0], [12, 13, 2]]
    assert batch.mask_BT.int().tolist() == [[1, 1, 0], [1, 0, 0], [1, 1, 1]]
    assert torch.equal(batch.loss_mask_BT, batch.mask_BT)
    assert batch.advantage_B.tolist() == [0.5, -0.5, 0.0]
    assert batch.old_logprobs_BT.tolist() == [[-0.5, -0.25, 0.0], [-1.5, 0.0, 0.0], [-2.0, -3.0, -4.0]]
    assert batch.reference_logprobs_BT is None
    assert len(batch) == 3
    assert batch.lengths_B.tolist() == batch.loss_lengths_B.tolist() == [2, 1, 3]


def test_types_are_as_documented() -> None:
    batch = two_groups()
    assert {prompt.dtype for prompt in batch.prompts} == {torch.int64}
    assert batch.group_B.dtype == batch.tokens_BT.dtype == torch.int64
    assert batch.mask_BT.dtype == batch.loss_mask_BT.dtype == torch.bool
    assert batch.advantage_B.dtype == batch.old_logprobs_BT.dtype == torch.float32


def test_the_mask_knows_tokens_from_padding_even_where_they_are_equal() -> None:
    """Token 0 may be said; a guess from padding ids would lose it."""
    batch = collate([Group(prompt("a", (0,)), (rollout([0, 0]), rollout([0])), (Reward(1.0),) * 2)], [[0.0, 0.0]])
    assert batch.tokens_BT.tolist() == [[0, 0], [0, 0]]
    assert batch.mask_BT.tolist() == [[True, True], [True, False]]


def test_no_groups_make_an_empty_batch() -> None:
    batch = collate([], [])
    assert len(batch) == 0
    assert list(batch.micro_batches(100)) == []


@pytest.mark.parametrize("advantages", [[[0.5, -0.5]], [[0.5, -0.5], [0.0, 0.0]], [[0.5], [0.0]]])
def test_an_advantage_too_many_or_too_few_is_refused(advantages: list[list[float]]) -> None:
    first = Group(prompt("a", (5,)), (rollout([1]), rollout([2])), (Reward(1.0),) * 2)
    second = Group(prompt("b", (6,)), (rollout([3]),), (Reward(1.0),))
    with pytest.raises(ValueError, match="zip"):
        collate([first, second], advantages)


def rows_of(batch: Batch) -> list[tuple[object, ...]]:
    """Every row as plain values, whatever the padding."""
    reference = batch.reference_logprobs_BT
    return [
        (
            tuple(batch.prompts[int(batch.group_B[b])].tolist()),
            tuple(batch.tokens_BT[b, :length].tolist()),
            tuple(batch.loss_mask_BT[b, :length].tolist()),
            tuple(batch.old_logprobs_BT[b, :length].tolist()),
            None if reference is None else tuple(reference[b, :length].tolist()),
            batch.advantage_B[b].item(),
        )
        for b, length in enumerate(batch.mask_BT.sum(-1).tolist())
    ]


SHAPE = ([3, 1, 4, 2], [[2, 5], [1], [3, 3, 9], [4, 4]])


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("keep", [[0], [3, 1], [0, 2], [3, 2, 1, 0], [1]])
def test_select_keeps_prompts_with_all_of_their_rows_in_the_order_asked(keep: list[int], reference: bool) -> None:
    batch = ragged_batch(*SHAPE, reference=reference)
    rows = rows_of(batch)
    expected = [row for k in keep for row, g in zip(rows, batch.group_B.tolist(), strict=True) if g == k]
    part = batch.select(keep)
    assert rows_of(part) == expected
    assert len(part.prompts) == len(keep)
    assert part.group_B.tolist() == sorted(part.group_B.tolist())
    assert part.tokens_BT.shape[1] == int(part.mask_BT.sum(-1).max())
    names = ("tokens_BT", "mask_BT", "loss_mask_BT", "old_logprobs_BT")
    shapes = {getattr(part, f.name).shape for f in fields(part) if f.name in names}
    assert len(shapes) == 1


def test_selecting_nothing_is_an_empty_batch() -> None:
    part = ragged_batch(*SHAPE, reference=True).select([])
    assert len(part) == 0
    assert part.prompts == ()
    assert part.tokens_BT.shape == part.mask_BT.shape == (0, 0)


def test_groups_with_a_signal_are_those_with_some_advantage() -> None:
    for alive in product([False, True], repeat=4):
        batch = ragged_batch(*SHAPE)
        batch.advantage_B[~torch.tensor(alive)[batch.group_B]] = 0.0
        batch.advantage_B[0] = 0.0  # one row without an advantage does not make a group silent
        kept = [index for index, lives in enumerate(alive) if lives]
        assert rows_of(batch.with_signal()) == rows_of(batch.select(kept))


def test_with_reference_leaves_everything_else_as_it_was() -> None:
    batch = ragged_batch(*SHAPE)
    reference = torch.randn(batch.mask_BT.shape)
    with_it = batch.with_reference(reference)
    assert with_it.reference_logprobs_BT is reference
    assert batch.reference_logprobs_BT is None
    assert with_it.tokens_BT is batch.tokens_BT
    assert with_it.with_reference(None).reference_logprobs_BT is None


def test_micro_batches_by_hand() -> None:
    """Costs 3 + 7, 1 + 1, 4 + 15 and 2 + 8: 10, 2, 19 and 10 tokens."""
    batch = ragged_batch(*SHAPE)

    def sizes(tokens: int) -> list[int]:
        return [len(part.prompts) for part in batch.micro_batches(tokens)]

    assert sizes(19) == [2, 1, 1]
    assert sizes(20) == [2, 1, 1]
    assert sizes(29) == [2, 2]
    assert sizes(31) == [3, 1]
    assert sizes(40) == [3, 1]
    assert sizes(41) == [4]


def test_a_group_that_is_too_large_is_split_by_rows() -> None:
    """A prompt of 4 with responses of 3, 1, 5 and 2 in parts of at most 9 tokens: 4 + 3 + 1, 4 + 5, 4 + 2."""
    batch = ragged_batch([2, 4, 2], [[1], [3, 1, 5, 2], [1, 1]])
    found = [(list(map(len, part.prompts)), part.lengths_B.tolist()) for part in batch.micro_batches(9)]
    assert found == [([2], [1]), ([4], [3, 1]), ([4], [5]), ([4], [2]), ([2], [1, 1])]


def test_a_row_that_is_too_large_is_a_part_of_its_own() -> None:
    batch = ragged_batch([4], [[3, 9, 1]])
    assert [part.lengths_B.tolist() for part in batch.micro_batches(8)] == [[3], [9], [1]]
    assert [part.lengths_B.tolist() for part in batch.micro_batches(1)] == [[3], [9], [1]]


def test_the_smallest_part_is_a_row_with_its_prompt() -> None:
    assert ragged_batch([4, 6], [[3, 9], [2, 5]]).smallest == 7


@given(
    st.lists(st.tuples(st.integers(1, 6), st.lists(st.integers(0, 6), min_size=1, max_size=4)), min_size=1, max_size=6),
    st.integers(1, 60),
)
def test_micro_batches_are_all_rows_in_order_within_the_limit(shape: list[tuple[int, list[int]]], limit: int) -> None:
    batch = ragged_batch([p for p, _ in shape], [r for _, r in shape], reference=True)
    parts = list(batch.micro_batches(limit))
    assert [row for part in parts for row in rows_of(part)] == rows_of(batch)
    costs = [sum(map(len, part.prompts)) + int(part.mask_BT.sum()) for part in parts]
    assert all(cost <= limit or len(part) == 1 for cost, part in zip(costs, parts, strict=True))
    whole = {id(p): len(p) + int(batch.mask_BT[batch.group_B == index].sum()) for index, p in enumerate(batch.prompts)}
    holders = Counter(id(p) for part in parts for p in part.prompts)
    assert all(holders[name] == 1 for name, cost in whole.items() if cost <= limit)  # what fits is not split
    for cost, part, after in zip(costs[:-1], parts[:-1], parts[1:], strict=True):
        first, last = whole[id(after.prompts[0])], whole[id(part.prompts[-1])]
        assert first > limit or last > limit or cost + first > limit  # none is needless


def told(truncated: list[bool]) -> Batch:
    """Three prompts with 2, 1 and 2 responses."""
    return replace(ragged_batch([2, 3, 1], [[3, 1], [2], [4, 2]]), truncated_B=torch.tensor(truncated))


def test_collate_keeps_who_was_truncated() -> None:
    outputs = (rollout([7, 8], finish="length"), rollout([9]), rollout([7], finish="length"))
    group = Group(prompt("1", (5,)), outputs, (Reward(1.0),) * 3)
    truncated_B = collate([group], [[0.0] * 3]).truncated_B
    assert truncated_B is not None
    assert truncated_B.tolist() == [True, False, True]


def test_without_truncated_rows_stay_and_their_tokens_do_not_count() -> None:
    batch = told([False, True, False, True, True])
    kept = batch.without_truncated()
    assert kept.loss_lengths_B.tolist() == [3, 0, 2, 0, 0]
    assert kept.lengths_B.tolist() == [3, 1, 2, 4, 2], "they are there"
    assert kept.group_B.tolist() == batch.group_B.tolist()
    assert batch.loss_lengths_B.tolist() == [3, 1, 2, 4, 2]


def test_rows_and_groups_in_which_no_token_counts_are_dropped() -> None:
    kept = told([False, True, False, True, True]).without_truncated()
    assert kept.with_loss().lengths_B.tolist() == [3, 2]
    assert kept.with_loss().group_B.tolist() == [0, 1]
    signal = replace(kept, advantage_B=torch.tensor([0.0, 1.0, 0.5, 1.0, -1.0]))
    assert signal.with_signal().lengths_B.tolist() == [2]  # the first group's advantage has no token to act on


def with_a_tool() -> Batch:
    """Rows of 3, 1 and 2 tokens; a tool wrote the middle of the first and all of the second."""
    first = replace(rollout([10, 11, 2], [-0.5, 0.0, -0.25]), loss_mask=(True, False, True))
    second = replace(rollout([12], [0.0]), loss_mask=(False,))
    groups = [
        Group(prompt("a", (5, 6)), (first, second), (Reward(1.0), Reward(0.0))),
        Group(prompt("b", (8,)), (rollout([13, 2]),), (Reward(None),)),
    ]
    return collate(groups, [[0.5, -0.5], [0.0]])


def test_what_somebody_else_wrote_is_there_and_does_not_count() -> None:
    batch = with_a_tool()
    assert batch.mask_BT.int().tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    assert batch.loss_mask_BT.int().tolist() == [[1, 0, 1], [0, 0, 0], [1, 1, 0]]
    assert batch.lengths_B.tolist() == [3, 1, 2]
    assert batch.loss_lengths_B.tolist() == [2, 0, 2]


def test_the_loss_mask_goes_along_where_rows_are_selected() -> None:
    batch = with_a_tool()
    assert batch.select([1, 0]).loss_mask_BT.int().tolist() == [[1, 1, 0], [1, 0, 1], [0, 0, 0]]
    assert batch.select([1]).loss_mask_BT.int().tolist() == [[1, 1]]
    assert [part.loss_lengths_B.tolist() for part in batch.micro_batches(1)] == [[2], [0], [2]]


def test_micro_batches_cost_what_is_there() -> None:
    """2 + 3 + 1 and 1 + 2 tokens, though only two of each count: memory is needed for all of them."""
    assert [len(part.prompts) for part in with_a_tool().micro_batches(8)] == [1, 1]
    assert [len(part.prompts) for part in with_a_tool().micro_batches(9)] == [2]
    assert with_a_tool().smallest == 3


def test_what_somebody_else_wrote_is_not_fresh() -> None:
    batch = with_a_tool()
    assert torch.equal(batch.fresh_BT, batch.loss_mask_BT)
    replayed = replace(batch, replayed_B=torch.tensor([False, False, True]))
    assert replayed.fresh_BT.int().tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_who_was_truncated_cannot_be_guessed() -> None:
    with pytest.raises(ValueError, match="truncated"):
        ragged_batch([2], [[3]]).without_truncated()


def test_select_takes_the_optional_fields_along() -> None:
    batch = told([False, True, False, True, True])
    batch = replace(batch, importance_BT=torch.arange(20.0).view(5, 4))
    some = batch.select([2, 1])
    assert some.truncated_B is not None
    assert some.importance_BT is not None
    assert some.truncated_B.tolist() == [True, True, False]
    assert some.importance_BT.tolist() == [[12, 13, 14, 15], [16, 17, 18, 19], [8, 9, 10, 11]]
    assert batch.select([1]).importance_BT.tolist() == [[8, 9]]  # type: ignore[union-attr]


META, CPU = torch.device("meta"), torch.device("cpu")


class Copies(TorchDispatchMode):
    """Counts copies from one device to another."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = operator(*args, **(kwargs or {}))
        if operator._schema.name == "aten::_to_copy":
            self.count += args[0].device != out.device
        return out


def values() -> list[Any]:
    return [
        torch.tensor([1, -2, 3]),
        torch.tensor([[True, False, True]]),
        7,
        torch.tensor([0.5, 2.5, 3.5]),
        None,
        torch.tensor([], dtype=torch.long),
        torch.tensor(4, dtype=torch.int32),
    ]


def test_all_of_them_in_one_copy() -> None:
    with Copies() as copies:
        found = moved(values(), META)
    assert copies.count == 1
    for before, after in zip(values(), found, strict=True):
        if isinstance(before, torch.Tensor):
            assert (after.device, after.dtype, after.shape) == (META, before.dtype, before.shape)
        else:
            assert after == before


def test_values_arrive_as_they_were() -> None:
    """Seen through a stand-in for another device: the buffer is read back on the CPU."""

    class Elsewhere:
        type = "elsewhere"

        def __eq__(self, other: object) -> bool:
            return False

        __hash__ = object.__hash__

    real = torch.Tensor.to
    try:
        torch.Tensor.to = lambda self, device, **_: self.clone()  # type: ignore[method-assign,assignment]
        found = moved(values(), Elsewhere())  # type: ignore[arg-type]
    finally:
        torch.Tensor.to = real  # type: ignore[method-assign]
    for before, after in zip(values(), found, strict=True):
        assert torch.equal(before, after) if isinstance(before, torch.Tensor) else before == after


def test_what_is_there_already_stays() -> None:
    some = values()
    assert all(before is after for before, after in zip(some, moved(some, CPU), strict=True))


def test_rows_know_their_place_in_the_step_wherever_they_are_selected() -> None:
    batch = collate(
        [Group(prompt(name, (0,)), (rollout([4]), rollout([5])), (Reward(1.0),) * 2) for name in "abc"],
        [[0.0, 0.0]] * 3,
    )
    keep_B = torch.tensor([True, True, True, True, False, True])
    assert batch.select([2, 0], keep_B).place_B is not None
    assert batch.select([2, 0], keep_B).place_B.tolist() == [5, 0, 1]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(1, 2, 3)], 3),
        ([(1, 2, 3), (1, 2, 4)], 2),
        ([(1, 2, 3), (1, 2)], 2),
        ([(1, 2), (1, 2, 3), (1, 9, 3)], 1),
        ([(1,), (2,)], 0),
        ([(), (1,)], 0),
        ([(1, 5, 3), (1, 6, 3)], 1),  # what agrees again later does not count
    ],
)
def test_common_prefix(rows: list[tuple[int, ...]], expected: int) -> None:
    assert common_prefix(rows) == expected
