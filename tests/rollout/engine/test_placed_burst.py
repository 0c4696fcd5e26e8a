"""Rows that lie in places of their own, by hand."""

import torch

from whet.rollout.burst import Burst
from whet.rollout.engine.operations import TORCH
from whet.rollout.engine.paged_room import PagedRoom
from whet.rollout.engine.placed_burst import PlacedBurst
from whet.rollout.engine.row_table import RowTable
from whet.types import SamplingParams

V, END = 6, 5


def certain(tokens_R: torch.Tensor) -> torch.Tensor:
    """Logits that give every row the token after its last one, up to the end token and on from 0."""
    return torch.full((len(tokens_R), V), -torch.inf).scatter(1, ((tokens_R + 1) % V)[:, None], 0.0)


def begun(first: list[int]) -> Burst:
    """Rows whose first tokens these are; their keys are ten times as large."""
    burst = Burst(len(first), 1, torch.device("cpu"), TORCH)
    burst.begin(10 * torch.tensor(first), SamplingParams(0.5), frozenset({END}))
    burst.take(certain(torch.tensor(first) - 1))
    return burst


def test_rows_go_to_their_places_and_come_back_in_order() -> None:
    """Rows 0 and 1 lie in places 0 and 1. When row 0 ends, row 2 takes its place, and comes after row 1."""
    table = RowTable(PagedRoom(8, 9, 1, 2))
    burst = PlacedBurst(table, 4, torch.device("cpu"), TORCH)
    table.begin([3], 2)
    burst.join(begun([2, 1]))
    burst.of_first(2).further(certain, 2)
    assert [x.tolist() for x in burst.fetched(2)()] == [[[3, 2], [4, 3]], [[0, 0]] * 2, [[True, True]] * 2]
    table.keep([1])
    burst.keep([1])
    table.begin([3], 1)
    burst.join(begun([4]))
    assert burst.keys_R[:3].tolist() == [40, 10, 0]
    assert burst.recipe == (0.5, 1.0, frozenset({END}))
    burst.of_first(2).further(certain, 2)
    tokens_NR, _, wanted_NR = burst.fetched(2)()
    assert (tokens_NR.tolist(), wanted_NR.tolist()) == ([[4, 5], [5, 0]], [[True, True], [True, False]])
    assert burst.position_R[:3].tolist() == [3, 5, 0]


def test_what_is_under_way_comes_back_as_it_was_drawn() -> None:
    """Rows may be dropped and moved before what was drawn for them is looked at."""
    table = RowTable(PagedRoom(8, 9, 1, 2))
    burst = PlacedBurst(table, 4, torch.device("cpu"), TORCH)
    table.begin([3], 3)
    burst.join(begun([1, 2, 3]))
    burst.of_first(3).further(certain, 1)
    fetched = burst.fetched(1)
    table.keep([2])
    burst.move(*table.pack(1))
    burst.of_first(1).further(certain, 1)
    assert fetched()[0].tolist() == [[2, 3, 4]]
    assert burst.fetched(1)()[0].tolist() == [[5]]
    assert burst.keys_R[0] == 30
