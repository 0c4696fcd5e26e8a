"""Where tokens of a packed sequence are, by hand."""

import torch

from whet.policy.packing import Packing, pack, ranks


def two_prompts() -> Packing:
    """Packed: a a a | x x | y  ‖  b | z z z, with prompts of 3 and 1 tokens, responses of 2, 1 and 3."""
    return pack([3, 1], torch.tensor([0, 0, 1]), torch.tensor([2, 1, 3]))


def test_layout_by_hand() -> None:
    where = two_prompts()
    assert where.positions_N.tolist() == [0, 1, 2, 3, 4, 3, 0, 1, 2, 3]
    assert where.prompt_PL.tolist() == [[0, 1, 2], [6, 0, 0]]
    assert where.response_BT.tolist() == [[3, 4, 0], [5, 0, 0], [7, 8, 9]]
    real = torch.tensor([[True, True, False], [True, False, False], [True, True, True]])
    assert where.before_BT[real].tolist() == [2, 3, 2, 6, 7, 8]


def test_indices_stay_inside_the_sequence() -> None:
    where = pack([1, 4, 2], torch.tensor([0, 1, 1, 1, 2]), torch.tensor([3, 1, 6, 2, 5]))
    count = len(where.positions_N)
    assert count == 7 + 17
    for index in (where.prompt_PL, where.response_BT, where.before_BT):
        assert 0 <= int(index.min()) <= int(index.max()) < count
    assert sorted([*where.prompt_PL[where.real_PL].tolist(), *where.response_BT[where.real_BT].tolist()]) == list(
        range(count)
    )


def test_ranks_count_within_a_group() -> None:
    assert ranks(torch.tensor([0, 0, 0, 3, 5, 5])).tolist() == [0, 1, 2, 0, 0, 1]
    assert ranks(torch.tensor([], dtype=torch.long)).tolist() == []
