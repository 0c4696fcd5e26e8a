"""The padded grid of a packed sequence, by hand."""

import torch

from whet.policy.grid import Grid, grid_of
from whet.policy.packing import pack


def two_prompts() -> Grid:
    """Packed: a a a | x x | y  ‖  b | z z z, with prompts of 3 and 1 tokens, responses of 2, 1 and 3."""
    return grid_of(pack([3, 1], torch.tensor([0, 0, 1]), torch.tensor([2, 1, 3])))


def test_places_by_hand() -> None:
    where = two_prompts()
    assert where.prompt_PL.tolist() == [[0, 1, 2], [6, 0, 0]]
    assert where.grid_PWT.tolist() == [[[3, 4, 0], [5, 0, 0]], [[7, 8, 9], [0, 0, 0]]]
    # places: prompts at 0–5, responses at 6–17, the last three of which hold nothing
    assert where.place_N.tolist() == [0, 1, 2, 6, 7, 9, 3, 12, 13, 14]


def test_visibility_by_hand() -> None:
    """A response token sees its whole prompt, then itself and what it has said; never padding of the prompt."""
    where = two_prompts()
    itself = [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert (~where.hidden_PTS[0]).int().tolist() == [[1, 1, 1, *row] for row in itself]
    assert (~where.hidden_PTS[1]).int().tolist() == [[1, 0, 0, *row] for row in itself]


def test_a_window_hides_what_is_further_back() -> None:
    """With a window of 2 a token sees itself and the one before it; the first of a response sees the prompt's last."""
    where = two_prompts().within(2)
    assert (~where.future_LL).int().tolist() == [[[1, 0, 0], [1, 1, 0], [0, 1, 1]]]
    assert (~where.hidden_PTS[0]).int().tolist() == [[0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 1, 1]]
    assert where.within(None) is where


def test_every_token_has_a_place_of_its_own() -> None:
    where = grid_of(pack([1, 4, 2], torch.tensor([0, 1, 1, 1, 2]), torch.tensor([3, 1, 6, 2, 5])))
    assert len(set(where.place_N.tolist())) == 24
    assert int(where.grid_PWT.max()) == 23
