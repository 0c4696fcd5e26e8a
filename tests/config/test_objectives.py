"""Every named objective against its paper's formula, token by token in plain Python; choices, rows and refusals."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import mean, stdev
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from batches import prompt, rollout
from whet.batch import collate
from whet.config.objectives import ROWS, ObjectiveConfig
from whet.grpo.advantage import advantages
from whet.grpo.objective import Normaliser, objective
from whet.types import Group, Reward

LONGEST = 16
LENGTHS = [[3, 5, 1], [2, 4, 6]]
REWARDS = [[1.0, 0.0, 0.25], [-0.5, 2.0, 0.0]]
RANDOM = torch.Generator().manual_seed(3)
OLD = [[[-1 - torch.rand(1, generator=RANDOM).item() for _ in range(n)] for n in row] for row in LENGTHS]
NEW = [[[old + 0.4 * torch.randn(1, generator=RANDOM).item() for old in o] for o in row] for row in OLD]
NEW[0][0][0] = OLD[0][0][0] + math.log(1.3)
"""Past both upper clips, DAPO's and GRPO's, in a response that was better than its siblings."""

Rows = list[list[list[float]]]


def flat(rows: Sequence[Sequence[Any]]) -> list[Any]:
    return [item for row in rows for item in row]


def group_relative(rewards: Sequence[Sequence[float]]) -> list[list[float]]:
    """DeepSeekMath §4.1.2, with 1e-4 beside the deviation."""
    return [[(r - mean(row)) / (stdev(row) + 1e-4) for r in row] for row in rewards]


def centred(rewards: Sequence[Sequence[float]]) -> list[list[float]]:
    """Dr. GRPO §3.2: no deviation."""
    return [[r - mean(row) for r in row] for row in rewards]


def others(rewards: Sequence[Sequence[float]]) -> list[list[float]]:
    """RLOO: less the mean of the other rewards of the group."""
    return [[r - mean(row[:i] + row[i + 1 :]) for i, r in enumerate(row)] for row in map(list, rewards)]


def over_the_batch(rewards: Sequence[Sequence[float]]) -> list[list[float]]:
    """REINFORCE++-baseline: group mean, then the deviation of the batch's rewards."""
    scale = stdev(flat(rewards)) + 1e-4
    return [[(r - mean(row)) / scale for r in row] for row in rewards]


def ppo(ratio: float, a: float, low: float, high: float) -> float:
    return min(ratio * a, min(max(ratio, 1 - low), 1 + high) * a)


def mean_over_group(gain: Callable[[list[float], list[float], float], float], a: list[list[float]], new: Rows) -> float:
    """−(1/B) Σ_i of a response's gain."""
    triples = zip(flat(new), flat(OLD), flat(a), strict=True)
    return -mean(gain(n, o, advantage) for n, o, advantage in triples)


def per_token(low: float, high: float) -> Callable[[list[float], list[float], float], list[float]]:
    """PPO's clipped gain of every token of a response."""
    return lambda new, old, a: [ppo(math.exp(n - o), a, low, high) for n, o in zip(new, old, strict=True)]


def all_tokens(
    gains: Callable[[list[float], list[float], float], list[float]], a: list[list[float]], new: Rows
) -> float:
    """−Σ_i Σ_t of every token's gain."""
    triples = zip(flat(new), flat(OLD), flat(a), strict=True)
    return -sum(sum(gains(n, o, advantage)) for n, o, advantage in triples)


TOKENS = sum(flat(LENGTHS))
B = 6


def grpo(new: Rows) -> float:
    """arXiv:2402.03300, eq. 3: (1/G) Σ_i (1/|o_i|) Σ_t."""
    return mean_over_group(lambda n, o, a: mean(per_token(0.2, 0.2)(n, o, a)), group_relative(REWARDS), new)


def dr_grpo(new: Rows) -> float:
    """arXiv:2503.20783: Σ over a constant length."""
    return all_tokens(per_token(0.2, 0.2), centred(REWARDS), new) / (B * LONGEST)


def dapo(new: Rows) -> float:
    """arXiv:2503.14476, eq. 8, with its 0.2 and 0.28."""
    return all_tokens(per_token(0.2, 0.28), group_relative(REWARDS), new) / TOKENS


def bnpo(new: Rows) -> float:
    return all_tokens(per_token(0.2, 0.2), group_relative(REWARDS), new) / TOKENS


def geometric(new: list[float], old: list[float]) -> float:
    return math.exp(mean(n - o for n, o in zip(new, old, strict=True)))


def gspo(new: Rows) -> float:
    """arXiv:2507.18071, eqs. 5 and 7: one ratio and one clip for a response."""
    return mean_over_group(lambda n, o, a: ppo(geometric(n, o), a, 3e-4, 4e-4), group_relative(REWARDS), new)


def luspo(new: Rows) -> float:
    """arXiv:2602.05261: GSPO's gain times |o_i|."""
    return mean_over_group(lambda n, o, a: len(n) * ppo(geometric(n, o), a, 2e-3, 2.5e-3), group_relative(REWARDS), new)


def cispo(new: Rows) -> float:
    """arXiv:2506.13585, eq. 4: the weight is a constant, so it is taken at `NEW`, whatever `new` is."""
    total, a = 0.0, flat(group_relative(REWARDS))
    for now, at, old, advantage in zip(flat(new), flat(NEW), flat(OLD), a, strict=True):
        total += sum(min(math.exp(x - o), 5.0) * advantage * n for n, x, o in zip(now, at, old, strict=True))
    return -total / TOKENS


def sapo(new: Rows) -> float:
    """arXiv:2511.20347."""

    def gain(n: list[float], o: list[float], a: float) -> float:
        tau = 1.0 if a > 0 else 1.05
        return mean(4 / tau / (1 + math.exp(-tau * (math.exp(x - y) - 1))) * a for x, y in zip(n, o, strict=True))

    return mean_over_group(gain, group_relative(REWARDS), new)


def rloo(new: Rows) -> float:
    """arXiv:2402.14740: a response is one action, with the probability that is the product of its tokens'."""
    return mean_over_group(lambda n, o, a: ppo(math.exp(sum(n) - sum(o)), a, 0.2, 0.2), others(REWARDS), new)


def reinforce(new: Rows) -> float:
    """Â log π_θ(o | q)."""
    return mean_over_group(lambda n, _, a: a * sum(n), over_the_batch(REWARDS), new)


PAPERS: dict[str, Callable[[Rows], float]] = {
    "grpo": grpo,
    "dr_grpo": dr_grpo,
    "dapo": dapo,
    "bnpo": bnpo,
    "gspo": gspo,
    "cispo": cispo,
    "sapo": sapo,
    "luspo": luspo,
    "rloo": rloo,
    "reinforce": reinforce,
}


def slopes(loss: Callable[[Rows], float], h: float = 1e-6) -> list[list[float]]:
    """∂loss / ∂log π_θ of every token, by central differences."""
    found = []
    for i, row in enumerate(NEW):
        for j, tokens in enumerate(row):
            found.append([])
            for t in range(len(tokens)):
                ends = []
                for move in (h, -h):
                    moved = [[list(o) for o in r] for r in NEW]
                    moved[i][j][t] += move
                    ends.append(loss(moved))
                found[-1].append((ends[0] - ends[1]) / (2 * h))
    return found


def ours(name: str) -> tuple[float, list[list[float]]]:
    config = ObjectiveConfig(name=name)  # type: ignore[arg-type]
    groups = [
        Group(prompt(str(i)), tuple(rollout([7] * len(o), o) for o in row), tuple(map(Reward, rewards)))
        for i, (row, rewards) in enumerate(zip(OLD, REWARDS, strict=True))
    ]
    estimates = advantages(groups, config)
    batch = collate(groups, estimates)
    old_BT = torch.zeros(batch.mask_BT.shape, dtype=torch.float64)
    old_BT[batch.mask_BT] = torch.tensor(flat(flat(OLD)), dtype=torch.float64)
    batch = replace(batch, old_logprobs_BT=old_BT, advantage_B=torch.tensor(flat(estimates), dtype=torch.float64))
    logprobs_BT = torch.zeros(batch.mask_BT.shape, dtype=torch.float64)
    logprobs_BT[batch.mask_BT] = torch.tensor(flat(flat(NEW)), dtype=torch.float64)
    logprobs_BT.requires_grad_()
    value = objective(logprobs_BT, batch, Normaliser(B, TOKENS, LONGEST), config).value
    value.backward()  # type: ignore[no-untyped-call]
    assert logprobs_BT.grad is not None
    return value.item(), [row[mask].tolist() for row, mask in zip(logprobs_BT.grad, batch.mask_BT, strict=True)]


@pytest.mark.parametrize("name", PAPERS)
def test_each_row_is_its_papers_formula(name: str) -> None:
    value, gradient = ours(name)
    assert value == pytest.approx(PAPERS[name](NEW), rel=1e-6)
    expected = slopes(PAPERS[name])
    assert gradient == [pytest.approx(row, rel=1e-6, abs=1e-8) for row in expected]
    assert max(abs(slope) for slope in flat(expected)) > 1e-3


def test_every_row_has_a_formula_here_and_no_two_rows_agree() -> None:
    assert set(PAPERS) == set(ROWS)
    assert len({round(formula(NEW), 9) for formula in PAPERS.values()}) == len(ROWS)


def test_a_row_is_defaults_for_the_choices() -> None:
    assert ObjectiveConfig(name="dapo").clip_high == 0.28
    assert ObjectiveConfig(name="dapo", clip_high=0.3).clip_high == 0.3
    assert ObjectiveConfig(name="dapo", clip_high=0.3).aggregation == "token_mean"
    assert ObjectiveConfig(name="rloo", kl_in="loss").kl_in == "loss"


@pytest.mark.parametrize("name", ROWS)
def test_a_row_written_out_is_the_same_row(name: str) -> None:
    """A resolved recipe has every choice spelled out and loads as what it was."""
    config = ObjectiveConfig(name=name)  # type: ignore[arg-type]
    assert ObjectiveConfig(**config.model_dump()) == config
    assert config.iterations == 1
    assert config.beta == 0


def test_grpo_is_the_default_and_sets_nothing() -> None:
    assert ObjectiveConfig() == ObjectiveConfig(name="grpo")
    assert ObjectiveConfig().model_fields_set == set()


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"name": "cispo", "clip_dual": 9.0}, "clip_dual bounds the clipped ratio only"),
        ({"clip_dual": 1.2}, "clip_dual must exceed 1 \\+ clip_high"),
        ({"clip_dual": 1.1}, "clip_dual must exceed 1 \\+ clip_high"),
        ({"name": "reinforce", "ratio": "sequence"}, "uses no ratio"),
        ({"name": "reinforce", "iterations": 2}, "set iterations to 1"),
        ({"combine": "normalise_then_sum", "baseline": "none"}, "set baseline to group_mean"),
        ({"name": "rloo", "kl_corrected": True}, "set kl_in to loss"),
        ({"importance": "token", "importance_max": None}, "importance needs a limit"),
        ({"importance": "token", "importance_min": 3.0}, "importance_min must be less"),
        ({"name": "ppo"}, "Input should be 'grpo'"),
        ({"name": ["grpo"]}, "Input should be 'grpo'"),
    ],
)
def test_what_does_not_fit_is_refused_in_plain_words(choices: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ObjectiveConfig(**choices)


@pytest.mark.parametrize(
    "choices",
    [
        {"clip_dual": 1.21},
        {"importance": "token", "importance_max": None, "importance_min": 0.5},
        {"importance": "token", "importance_min": 2.9},
        {"importance_max": None},
        {"name": "reinforce", "beta": 0.1},
        {"name": "gspo", "iterations": 4, "clip_dual": 3.0},
        {"combine": "normalise_then_sum", "baseline": "leave_one_out"},
    ],
)
def test_what_fits_is_taken(choices: dict[str, Any]) -> None:
    assert ObjectiveConfig(**choices).model_dump().items() >= choices.items()
