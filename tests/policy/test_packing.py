"""Where tokens of a packed sequence are, by hand."""

import torch

from whet.policy.packing import Packing, pack


def two_prompts() -> Packing:
    """Packed: a a a | x x | y  ‖  b | z z z, with prompts of 3 and 1 tokens, responses of 2, 1 and 3."""
    return pack([3, 1], torch.tensor([0, 0, 1]), torch.tensor([2, 1, 3]))


def test_layout_by_hand() -> None:
    where = two_prompts()
    assert where.positions_N.tolist() == [0, 1, 2, 3, 4, 3, 0, 1, 2, 3]
    assert where.prompt_PL.tolist() == [[0, 1, 2], [6, 0, 0]]
    assert where.response_BT.tolist() == [[3, 4, 0], [5, 0, 0], [7, 8, 9]]
    assert where.grid_PWT.tolist() == [[[3, 4, 0], [5, 0, 0]], [[7, 8, 9], [0, 0, 0]]]
    # places: prompts at 0–5, responses at 6–17, the last three of which hold nothing
    assert where.place_N.tolist() == [0, 1, 2, 6, 7, 9, 3, 12, 13, 14]
    real = torch.tensor([[True, True, False], [True, False, False], [True, True, True]])
    assert where.before_BT[real].tolist() == [2, 3, 2, 6, 7, 8]


def test_visibility_by_hand() -> None:
    """A response token sees its whole prompt, then itself and what it has said; never padding of the prompt."""
    where = two_prompts()
    itself = [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert (~where.hidden_PTS[0]).int().tolist() == [[1, 1, 1, *row] for row in itself]
    assert (~where.hidden_PTS[1]).int().tolist() == [[1, 0, 0, *row] for row in itself]


def test_indices_stay_inside_the_sequence() -> None:
    where = pack([1, 4, 2], torch.tensor([0, 1, 1, 1, 2]), torch.tensor([3, 1, 6, 2, 5]))
    count = len(where.positions_N)
    assert count == 7 + 17
    for name in ("prompt_PL", "response_BT", "grid_PWT", "before_BT"):
        index = getattr(where, name)
        assert 0 <= int(index.min()) <= int(index.max()) < count
    assert len(set(where.place_N.tolist())) == count


def test_layout_moves_whole() -> None:
    moved = two_prompts().to(torch.device("meta"))
    assert {getattr(moved, name).device.type for name in Packing.__slots__} == {"meta"}
