"""Inverse-CDF sampling against the softmax: exactly on a grid of numbers, statistically on drawn ones."""

import pytest
import torch
from scipy import stats
from torch import Tensor

from whet.rollout.rng import key, uniforms
from whet.rollout.sampling import BLOCK, SamplingParams, draw

SMALLEST, LARGEST = 2.0**-53, 1 - 2.0**-53
"""The ends of what `uniforms` gives."""


def logits_of(vocabulary: int, seed: int = 0, spread: float = 2.0) -> Tensor:
    return spread * torch.randn(vocabulary, generator=torch.Generator().manual_seed(seed))


def drawn(logits_V: Tensor, uniform_R: Tensor, how: SamplingParams) -> Tensor:
    return draw(logits_V.expand(len(uniform_R), -1), uniform_R, how)[0]


def grid(count: int) -> Tensor:
    """Numbers that split (0, 1) evenly: a token is drawn count · p times, give or take its two edges."""
    return (torch.arange(count, dtype=torch.float64) + 0.5) / count


def counts(logits_V: Tensor, uniform_R: Tensor, how: SamplingParams) -> Tensor:
    return torch.bincount(drawn(logits_V, uniform_R, how), minlength=len(logits_V))


def nucleus(probabilities: list[float], top_p: float) -> set[int]:
    """The smallest set of likeliest tokens whose probability reaches `top_p`."""
    kept: set[int] = set()
    for index in sorted(range(len(probabilities)), key=lambda i: -probabilities[i]):
        if sum(probabilities[i] for i in kept) >= top_p:
            break
        kept.add(index)
    return kept


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("vocabulary", [1, 2, 7, BLOCK - 1, BLOCK, BLOCK + 1, 1000])
def test_the_grid_is_divided_in_proportion_to_the_softmax(vocabulary: int, temperature: float) -> None:
    logits_V = logits_of(vocabulary)
    expected = 5000 * (logits_V.double() / temperature).softmax(-1)
    found = counts(logits_V, grid(5000), SamplingParams(temperature))
    assert (found - expected).abs().max() <= 1.01


def test_the_grid_is_divided_in_the_order_of_the_vocabulary() -> None:
    tokens = drawn(logits_of(600), grid(5000), SamplingParams())
    assert (tokens.diff() >= 0).all()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("vocabulary", [7, 300])
def test_drawn_tokens_pass_a_chi_square_test(vocabulary: int, temperature: float) -> None:
    logits_V, count = logits_of(vocabulary, seed=1, spread=1.0), 20_000
    numbers = uniforms(torch.full((count,), key("chi", vocabulary)), torch.arange(count))
    expected = count * (logits_V.double() / temperature).softmax(-1)
    found = counts(logits_V, numbers, SamplingParams(temperature))
    rare = expected < 5  # pooled, as the test wants at least 5 expected in a cell
    pooled_found = torch.cat([found[~rare], found[rare].sum()[None]]) if rare.any() else found
    pooled_expected = torch.cat([expected[~rare], expected[rare].sum()[None]]) if rare.any() else expected
    assert stats.chisquare(pooled_found.numpy(), pooled_expected.numpy()).pvalue > 0.01


@pytest.mark.parametrize(
    "how", [SamplingParams(1.0), SamplingParams(0.7), SamplingParams(1.0, 0.9), SamplingParams(0.0)]
)
def test_logprobs_are_those_of_the_whole_distribution(how: SamplingParams) -> None:
    """Of what the learner computes: at this temperature (1 for greedy), top-p or not."""
    logits_RV = torch.stack([logits_of(513, seed) for seed in range(8)])
    tokens_R, logprobs_R = draw(logits_RV, grid(8), how)
    expected_RV = (logits_RV.double() / (how.temperature or 1.0)).log_softmax(-1)
    assert logprobs_R.dtype == torch.float32
    assert tokens_R.dtype == torch.int64
    torch.testing.assert_close(logprobs_R.double(), expected_RV[torch.arange(8), tokens_R], rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("top_p", [0.1, 0.5, 0.8, 0.95, 0.999])
@pytest.mark.parametrize("vocabulary", [5, 40, 300])
@pytest.mark.parametrize("temperature", [0.6, 1.0])
def test_top_p_is_the_nucleus_renormalised(vocabulary: int, top_p: float, temperature: float) -> None:
    logits_V = logits_of(vocabulary, seed=3)
    p = (logits_V.double() / temperature).softmax(-1)
    kept = nucleus(p.tolist(), top_p)
    inside = torch.tensor([index in kept for index in range(vocabulary)])
    expected = 4000 * torch.where(inside, p, 0.0) / p[inside].sum()
    found = counts(logits_V, grid(4000), SamplingParams(temperature, top_p))
    assert (found - expected).abs().max() <= 1.01
    assert found[~inside].sum() == 0


def test_a_tiny_top_p_is_greedy() -> None:
    logits_V = logits_of(50)
    assert set(drawn(logits_V, grid(1000), SamplingParams(1.0, 1e-6)).tolist()) == {int(logits_V.argmax())}


def test_temperature_zero_takes_the_likeliest_whatever_the_number() -> None:
    logits_RV = torch.stack([logits_of(300, seed) for seed in range(20)])
    for top_p in (1.0, 0.5):
        tokens_R, _ = draw(logits_RV, grid(20), SamplingParams(0.0, top_p))
        assert tokens_R.tolist() == [max(range(300), key=row.__getitem__) for row in logits_RV.tolist()]


@pytest.mark.parametrize("top_p", [1.0, 0.99])
@pytest.mark.parametrize(
    "possible",
    [[0], [599], [255], [256], [0, 599], [100, 300], list(range(255, 513)), list(range(0, 600, 7))],
)
def test_impossible_tokens_are_never_drawn(possible: list[int], top_p: float) -> None:
    """Whole blocks of the vocabulary may be impossible, at either end and in between."""
    logits_V = torch.full((600,), -torch.inf)
    logits_V[possible] = logits_of(len(possible))
    extremes = torch.tensor([SMALLEST, 1e-12, LARGEST, 1 - 1e-12], dtype=torch.float64)
    numbers = torch.cat([extremes, grid(2000)])
    tokens = drawn(logits_V, numbers, SamplingParams(1.0, top_p))
    assert set(tokens.tolist()) <= set(possible)
    if top_p == 1.0:
        assert tokens[0] == possible[0]
        assert tokens[2] == possible[-1]


def test_a_number_on_the_very_edge_draws_the_next_possible_token() -> None:
    """Half of the mass lies before the edge, and impossible tokens lie behind it."""
    for next_token in (2, BLOCK, BLOCK + 44, 3 * BLOCK - 1):
        logits_V = torch.full((3 * BLOCK,), -torch.inf)
        logits_V[[0, next_token]] = 0.0
        assert drawn(logits_V, torch.tensor([0.5], dtype=torch.float64), SamplingParams()).tolist() == [next_token]


@pytest.mark.parametrize("vocabulary", [3, BLOCK, 5 * BLOCK + 17, 49_152])
def test_the_extreme_numbers_draw_the_ends_of_the_vocabulary(vocabulary: int) -> None:
    numbers = torch.tensor([SMALLEST, LARGEST], dtype=torch.float64)
    for seed in range(5):
        assert drawn(logits_of(vocabulary, seed), numbers, SamplingParams()).tolist() == [0, vocabulary - 1]


def test_one_certain_token_is_always_drawn() -> None:
    logits_V = torch.zeros(1000)
    logits_V[700] = 200.0
    tokens, logprobs = draw(logits_V.expand(100, -1), grid(100), SamplingParams())
    assert set(tokens.tolist()) == {700}
    assert logprobs.tolist() == [0.0] * 100


@pytest.mark.parametrize("shift", [-1e4, 1e4])
def test_large_logits_neither_overflow_nor_vanish(shift: float) -> None:
    logits_V = torch.arange(300) / 100
    shifted = drawn(logits_V + shift, grid(1000), SamplingParams())
    assert (shifted - drawn(logits_V, grid(1000), SamplingParams())).abs().max() <= 1


def test_rows_do_not_know_each_other() -> None:
    logits_RV = torch.stack([logits_of(300, seed) for seed in range(10)])
    numbers = grid(10)
    for how in (SamplingParams(), SamplingParams(0.8, 0.9)):
        tokens_R, logprobs_R = draw(logits_RV, numbers, how)
        alone = [draw(logits_RV[r : r + 1], numbers[r : r + 1], how) for r in range(10)]
        assert tokens_R.tolist() == [token.item() for token, _ in alone]
        assert logprobs_R.tolist() == [logprob.item() for _, logprob in alone]


@pytest.mark.parametrize("how", [SamplingParams(), SamplingParams(0.7), SamplingParams(1.0, 0.9), SamplingParams(0.0)])
def test_the_logits_are_left_as_they_were(how: SamplingParams) -> None:
    logits_RV = torch.stack([logits_of(300, seed) for seed in range(4)])
    before = logits_RV.clone()
    draw(logits_RV, grid(4), how)
    assert torch.equal(logits_RV, before)


def test_bfloat16_logits_are_widened_first() -> None:
    logits_V = logits_of(300).bfloat16()
    tokens, logprobs = draw(logits_V.expand(500, -1), grid(500), SamplingParams(0.9))
    expected = (logits_V.double() / 0.9).log_softmax(-1)
    torch.testing.assert_close(logprobs.double(), expected[tokens], rtol=1e-6, atol=2e-6)
