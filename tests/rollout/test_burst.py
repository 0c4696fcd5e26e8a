"""A burst's state by hand, on logits that leave no choice."""

import torch

from stand_in_gpu import Launches
from whet.rollout.burst import Burst
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.operations import TORCH
from whet.types import SamplingParams

V, END = 6, 5


def certain(tokens_R: torch.Tensor) -> torch.Tensor:
    """Logits that give every row the token after its last one, up to the end token and on from 0."""
    return torch.full((len(tokens_R), V), -torch.inf).scatter(1, ((tokens_R + 1) % V)[:, None], 0.0)


def begun(first: list[int], size: int = 4) -> Burst:
    burst = Burst(len(first), size, torch.device("cpu"), TORCH)
    burst.begin(torch.arange(len(first)), SamplingParams(), frozenset({END}))
    burst.take(certain(torch.tensor(first) - 1))
    return burst


def test_tokens_are_written_down_with_who_had_ended() -> None:
    burst = begun([2, 4])
    burst.further(certain, 4)
    tokens, logprobs, wanted = burst.fetched(4)()
    assert tokens.tolist() == [[3, 5], [4, 0], [5, 1], [0, 2]]
    assert logprobs.tolist() == [[0.0, 0.0]] * 4
    assert wanted.tolist() == [[True, True], [True, False], [True, False], [False, False]]
    assert burst.position_R.tolist() == [5, 5]


def test_what_is_fetched_does_not_change_with_the_next_burst() -> None:
    burst = begun([1])
    fetched = burst.fetched(1)
    burst.further(certain, 2)
    assert fetched()[0].tolist() == [[1]]


def test_dropped_rows_are_gone_everywhere() -> None:
    burst = begun([1, 2, 3])
    burst.keep([0, 2])
    burst.further(certain, 1)
    assert burst.fetched(1)()[0].tolist() == [[2, 4]]
    assert burst.keys_R.tolist() == [0, 2]


def test_beginning_again_forgets_the_last_rows() -> None:
    burst = begun([4])
    burst.further(certain, 1)
    assert burst.alive_R.tolist() == [False]
    tensors = [burst.keys_R, burst.alive_R, burst.position_R]
    burst.begin(torch.tensor([7]), SamplingParams(0.5), frozenset())
    assert [x.tolist() for x in tensors] == [[7], [True], [0]]
    assert burst.recipe == (0.5, 1.0, frozenset())


def test_without_end_tokens_no_row_ends() -> None:
    burst = Burst(1, 1, torch.device("cpu"), TORCH)
    burst.begin(torch.tensor([0]), SamplingParams(), frozenset())
    burst.take(certain(torch.tensor([4])))
    assert burst.alive_R.tolist() == [True]


def test_many_end_tokens_are_found_without_a_sort() -> None:
    """`isin` sorts where there are many, which a CUDA graph cannot record."""
    burst = Burst(2, 1, torch.device("cpu"), TORCH)
    burst.begin(torch.tensor([0, 1]), SamplingParams(), frozenset(range(3, 500)))
    logits = torch.full((2, 1000), -torch.inf).scatter(1, torch.tensor([[400], [700]]), 0.0)
    with Launches() as launches:
        burst.take(logits)
    assert burst.alive_R.tolist() == [False, True]
    assert not [name for name in launches.counts if "isin" in name or name.startswith(("sort", "unique"))]


def test_an_engine_that_steps_looks_at_each_token() -> None:
    assert (Decoder.burst_tokens, Decoder.looks_behind) == (1, 0)


def test_what_a_recorded_burst_reads_stays_where_it_is() -> None:
    """A graph reads addresses: also those of the end tokens, after rows with others came between."""
    burst = begun([4])
    names = ("keys_R", "position_R", "tokens_R", "alive_R", "tokens_NR", "logprobs_NR", "wanted_NR")

    def lying() -> list[int]:
        return [getattr(burst, name).data_ptr() for name in names] + [burst.ends[frozenset({END})].data_ptr()]

    before = lying()
    for ends in (frozenset({1, 2}), frozenset({END})):
        burst.begin(torch.tensor([7]), SamplingParams(), ends)
        burst.take(certain(torch.tensor([3])))
        burst.further(certain, 4)
    assert lying() == before


def test_rows_that_begin_later_come_after_the_others() -> None:
    """The first two have two tokens when the third, which has one, joins; row 1 has ended."""
    burst, later = begun([2, END]), begun([1])
    burst.further(certain, 1)
    burst.join(later)
    assert burst.position_R.tolist() == [2, 2, 1]
    burst.further(certain, 1)
    tokens_NR, _, wanted_NR = burst.fetched(1)()
    assert (tokens_NR.tolist(), wanted_NR.tolist()) == ([[4, 1, 2]], [[True, False, True]])
    burst.keep([0, 2])
    assert (burst.keys_R.tolist(), burst.alive_R.tolist()) == ([0, 0], [True, True])
