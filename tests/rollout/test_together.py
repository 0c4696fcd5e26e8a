"""Rows of several requests, and the likeliest tokens of one, against transformers' own forward."""

from typing import Any

import pytest
import torch

from whet.policy.language_model import LanguageModel
from whet.rollout.native import NativeSampler
from whet.rollout.together import Likeliest, drawn_together
from whet.types import Request, SamplingParams

REQUESTS = [Request((5, 6, 7), (1, 2)), Request((8,), (3, 4))]


def test_rows_are_those_of_generate(tiny_model: Any, tiny_tokenizer: Any) -> None:
    sampler, params = NativeSampler(), SamplingParams(1.0, max_tokens=10)
    sampler.load(LanguageModel(tiny_model, tiny_tokenizer))
    rows: dict[int, list[int]] = {}
    for drawn in drawn_together(sampler, REQUESTS, params):
        for row, token in zip(drawn.rows, drawn.tokens, strict=True):
            rows.setdefault(row, []).append(token)
    expected = [list(one.tokens) for some in sampler.generate(REQUESTS, params) for one in some]
    assert [rows[row] for row in range(4)] == expected


def test_a_sampler_without_a_model_is_refused() -> None:
    with pytest.raises(RuntimeError, match="between load and release"):
        drawn_together(NativeSampler(), REQUESTS, SamplingParams())


@pytest.mark.parametrize(("temperature", "divided_by"), [(0.0, 1.0), (0.5, 0.5)])
def test_the_likeliest_tokens(tiny_model: Any, temperature: float, divided_by: float) -> None:
    likeliest = Likeliest(tiny_model, [5, 6, 7], 3, temperature, longest=4)
    tokens = [5, 6, 7]
    for token in (9, 10, 11):
        with torch.no_grad():
            logprobs = (tiny_model(torch.tensor([tokens])).logits[0, -1] / divided_by).log_softmax(-1)
        best = logprobs.topk(3)
        found = likeliest.before(token)
        assert [id for id, _ in found] == best.indices.tolist()
        assert [value for _, value in found] == pytest.approx(best.values.tolist(), abs=1e-5)
        tokens.append(token)
